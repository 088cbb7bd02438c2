"""`make bench`: each figure as `name<TAB>value<TAB>unit`; how far it is goes to standard error."""

from itertools import chain

from tests.bench import certificates, mail, worker

for figure in chain(worker.figures(), certificates.figures(), mail.figures()):
    print(figure, flush=True)
