"""`make bench`: each figure as `name<TAB>value<TAB>unit`; how far it is goes to standard error."""

from itertools import chain

from tests.bench import certificate_job, certificates, mail, uses, worker

for figure in chain(
    worker.figures(), certificates.figures(), certificate_job.figures(), mail.figures(), uses.figures()
):
    print(figure, flush=True)
