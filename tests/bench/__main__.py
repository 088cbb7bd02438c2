"""`make bench`: each figure as `name<TAB>value<TAB>unit`; how far it is goes to standard error."""

from tests.bench import certificate_job, certificates, console, mail, receivers, uses, worker

for part in (worker, console, certificates, certificate_job, mail, uses, receivers):
    for figure in part.figures():
        print(figure, flush=True)
