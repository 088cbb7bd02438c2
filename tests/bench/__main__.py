"""`make bench`: each figure as `name<TAB>value<TAB>unit`; what is being done goes to standard error."""

from tests.bench import mail

for figure in mail.figures():
    print(figure, flush=True)
