"""`make bench`: each figure as `name<TAB>value<TAB>unit`; how far it is goes to standard error."""

from itertools import chain

from tests.bench import certificate_job, certificates, mail, worker

for figure in chain(worker.figures(), certificates.figures(), certificate_job.figures(), mail.figures()):
    print(figure, flush=True)
