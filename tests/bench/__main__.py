"""`make bench`: each figure as `name<TAB>value<TAB>unit`; how far it is goes to standard error."""

from tests.bench import certificate_job, certificates, console, mail, uses, worker

for part in (worker, console, certificates, certificate_job, mail, uses):
    for figure in part.figures():
        print(figure, flush=True)
