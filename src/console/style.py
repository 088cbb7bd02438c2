"""How the console looks: one sheet of style, in light and dark, from a phone to a wide screen."""

STYLE = """
:root { color-scheme: light dark; --page: #f4f5f7; --card: #fff; --text: #1b1f24; --quiet: #555d68; --line: #d3d8df;
  --edge: #7a838f; --press: #0b57a4; --on-press: #fff; --hover: #eaf1f9; --danger: #b3261e; --on-danger: #fff;
  --good: #e6f4ea; --good-text: #1e5c33; --bad: #fdecea; --bad-text: #8c1d18; --warn: #fdf3dc; --warn-text: #6b4700;
  --calm: #e8eaed; --calm-text: #3c434b; --busy: #e3eefb; --busy-text: #0a4788;
  --sent: #2d7a46; --sending: #1a6fc4; --pending: #b9c0c9; --failed: #c4362c; --uncertain: #c98a06;
  --suppressed: #7b5ea7; --cancelled: #6b7480 }
@media (prefers-color-scheme: dark) { :root { --page: #14171b; --card: #1e2329; --text: #e9ecf0; --quiet: #aab2bd;
  --line: #39414b; --edge: #7d8793; --press: #8ab8f0; --on-press: #10151b; --hover: #26303b; --danger: #f2958d;
  --on-danger: #2a0f0d; --good: #17301f; --good-text: #a5dfb8; --bad: #3a1b19; --bad-text: #f7bdb8;
  --warn: #33290f; --warn-text: #f0cf85; --calm: #2b323a; --calm-text: #d0d6dd; --busy: #182b42; --busy-text: #b5d3f7;
  --sent: #5bb07a; --sending: #5fa3ea; --pending: #59626d; --failed: #e5736a; --uncertain: #dfa83a;
  --suppressed: #a68dcf; --cancelled: #8b95a1 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif }
a { color: var(--press) }
:focus-visible { outline: 3px solid var(--press); outline-offset: 2px; border-radius: .125rem }
.skip { position: absolute; left: -100vw; padding: .75rem 1rem; background: var(--card); z-index: 1 }
.skip:focus { left: 0 }
h1 + .card { margin-top: 1rem }
h1 { margin: 0 0 .25rem; font-size: 1.625rem; line-height: 1.25; overflow-wrap: anywhere }
h2 { margin: 0 0 .75rem; font-size: 1.1875rem; line-height: 1.3 }
h3 { margin: 1rem 0 .5rem; font-size: 1rem }
p { margin: 0 0 .75rem }
code, pre { font: .875rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere }
pre { margin: 0 0 .75rem; padding: .75rem 1rem; background: var(--page); border: 1px solid var(--line);
  border-radius: .375rem; white-space: pre-wrap }
.quiet { color: var(--quiet) }
.number { font-variant-numeric: tabular-nums }
.top { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; padding: .625rem 1.25rem;
  background: var(--card); border-bottom: 1px solid var(--line) }
.brand { font-weight: 700; color: var(--text); text-decoration: none }
.who { margin-inline-start: auto; display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: center;
  color: var(--quiet); font-size: .9375rem }
.frame { display: grid; grid-template-columns: 12rem minmax(0, 1fr); max-width: 90rem; margin: 0 auto }
.menu { padding: 1.25rem 0 1.25rem 1rem }
.menu ul { list-style: none; margin: 0; padding: 0; display: grid; gap: .125rem; position: sticky; top: 1rem }
.menu a { display: block; padding: .5rem .75rem; border-radius: .375rem; color: var(--text); text-decoration: none }
.menu a:hover { background: var(--hover) }
.menu a[aria-current] { background: var(--busy); color: var(--busy-text); font-weight: 600 }
main { padding: 1.25rem; min-width: 0; overflow-wrap: anywhere }
main:focus { outline: none }
.head { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: start; margin: 0 0 1.25rem }
.head > :first-child { flex: 1 1 20rem; min-width: 0 }
.card { padding: 1.25rem; margin: 0 0 1.25rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .625rem; min-width: 0 }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(13rem, 44vw), 1fr)); gap: 1rem;
  margin: 0 0 1.25rem }
.cards .card { margin: 0; padding: 1rem 1.25rem }
.job { padding: .75rem 0; border-top: 1px solid var(--line) }
.job:first-child { border-top: 0; padding-top: 0 }
.job h3 { margin: 0 }
.job p { margin: 0 0 .375rem }
.figure { font-size: 1.75rem; line-height: 1.25; font-weight: 650; font-variant-numeric: tabular-nums }
.said, .problem { padding: .75rem 1rem; margin: 0 0 1.25rem; border-radius: .375rem; border-inline-start: .3rem solid }
.said { background: var(--good); color: var(--good-text) }
.problem { background: var(--bad); color: var(--bad-text) }
.badge { display: inline-block; padding: .0625rem .5rem; border-radius: 1rem; font-size: .875rem; font-weight: 600;
  white-space: nowrap; background: var(--calm); color: var(--calm-text) }
.badge.good { background: var(--good); color: var(--good-text) }
.badge.bad { background: var(--bad); color: var(--bad-text) }
.badge.warn { background: var(--warn); color: var(--warn-text) }
.badge.busy { background: var(--busy); color: var(--busy-text) }
.bar { display: block; width: 100%; height: .75rem; border-radius: .375rem; background: var(--pending) }
.bar .sent, .legend .sent { fill: var(--sent); --dot: var(--sent) }
.bar .sending, .legend .sending { fill: var(--sending); --dot: var(--sending) }
.bar .pending, .legend .pending { fill: var(--pending); --dot: var(--pending) }
.bar .failed, .legend .failed { fill: var(--failed); --dot: var(--failed) }
.bar .uncertain, .legend .uncertain { fill: var(--uncertain); --dot: var(--uncertain) }
.bar .suppressed, .legend .suppressed { fill: var(--suppressed); --dot: var(--suppressed) }
.bar .cancelled, .legend .cancelled { fill: var(--cancelled); --dot: var(--cancelled) }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .5rem 0 0; padding: 0; list-style: none;
  font-size: .9375rem; font-variant-numeric: tabular-nums }
.legend li::before { content: ""; display: inline-block; width: .7rem; height: .7rem; margin-inline-end: .375rem;
  border-radius: .125rem; background: var(--dot) }
table { width: 100%; border-collapse: collapse }
th, td { padding: .5rem .75rem; text-align: start; vertical-align: top; border-bottom: 1px solid var(--line);
  overflow-wrap: break-word }
th { font-size: .875rem; color: var(--quiet); font-weight: 600; white-space: nowrap }
tr:last-child td { border-bottom: 0 }
td .actions { margin: 0 }
.whole { white-space: nowrap }
button, .button, .badge { overflow-wrap: normal }
th.wide { width: 36% }
table.jobs { table-layout: fixed }
table.jobs th:nth-child(2) { width: 9.5rem }
table.jobs th:nth-child(3) { width: 45% }
table.jobs th:nth-child(4) { width: 8.5rem }
td.number, th.number { text-align: end; white-space: nowrap }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .375rem 1.25rem; margin: 0 0 .75rem }
dt { color: var(--quiet) }
dd { margin: 0; overflow-wrap: anywhere }
form.filter, .actions { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: 0 0 1.25rem }
.actions { align-items: center }
form.filter > div, .field { display: grid; gap: .25rem; min-width: 0 }
.field { margin: 0 0 1rem; max-width: 36rem }
.field > input, .field select, .field > div { width: 100%; min-width: 0 }
table + p { margin-top: 1rem }
table + .actions { margin: 1rem 0 0 }
label { font-weight: 600; font-size: .9375rem }
.choice { display: flex; gap: .5rem; align-items: center; min-height: 2rem }
.choice label { font-weight: 400; font-size: 1rem }
input, select, textarea { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--edge);
  border-radius: .375rem; padding: .375rem .625rem; min-height: 2.5rem; max-width: 100% }
input[type=checkbox], input[type=radio] { min-height: 0; width: 1.25rem; height: 1.25rem; accent-color: var(--press) }
.fault { color: var(--danger); font-weight: 600 }
input[aria-invalid] { border-color: var(--danger) }
textarea { width: 100%; min-height: 8rem; font: .9375rem/1.5 ui-monospace, monospace }
button, .button { display: inline-flex; align-items: center; min-height: 2.5rem; padding: .375rem .875rem;
  font: inherit; font-weight: 600; border-radius: .375rem; border: 1px solid var(--press); background: transparent;
  color: var(--press); cursor: pointer; text-decoration: none }
button:hover, .button:hover { background: var(--hover) }
button.first, .button.first { background: var(--press); color: var(--on-press) }
button.danger, .button.danger { border-color: var(--danger); color: var(--danger) }
button.first.danger { background: var(--danger); color: var(--on-danger) }
button.first:hover, .button.first:hover { text-decoration: underline }
button.small, .button.small { min-height: 2rem; padding: .125rem .625rem; font-size: .9375rem }
details > summary { cursor: pointer; color: var(--press); padding: .25rem 0 }
.pager { display: flex; gap: .75rem; margin: 1rem 0 0 }
iframe { width: 100%; height: 32rem; border: 1px solid var(--line); border-radius: .375rem; background: #fff }
.timeline { list-style: none; margin: 0; padding: 0 }
.timeline li { display: grid; grid-template-columns: 15rem minmax(0, 1fr); gap: .25rem 1rem; padding: .375rem 0;
  border-bottom: 1px solid var(--line) }
.timeline li:last-child { border-bottom: 0 }
.alone { max-width: 28rem; margin: 10vh auto; padding: 0 1rem }
.figures { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; margin: 1rem 0 0 }
.figures dd { font-size: 1.25rem; font-weight: 600; font-variant-numeric: tabular-nums }
.notice { padding: .75rem 1rem; border-radius: .375rem; background: var(--warn); color: var(--warn-text) }
.plain { list-style: none; margin: 0; padding: 0; display: grid; gap: .375rem }
.card > :last-child, .card > div > :last-child { margin-bottom: 0 }
@media (max-width: 70rem) { td { overflow-wrap: anywhere } }
@media (max-width: 52rem) {
  .frame { display: block }
  .menu { padding: .5rem; background: var(--card); border-bottom: 1px solid var(--line) }
  .menu ul { display: flex; flex-wrap: wrap; position: static }
  .menu a { padding: .375rem .625rem }
  main { padding: 1rem .75rem }
  .cards { gap: .5rem }
  .cards .card { padding: .75rem }
  table, tbody, tr, td { display: block; width: 100% }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
  tr { padding: .5rem 0; border-bottom: 1px solid var(--line) }
  tr:last-child { border-bottom: 0 }
  td, td.number { display: flex; gap: .75rem; justify-content: space-between; padding: .25rem 0; border: 0;
    text-align: end; white-space: normal }
  td::before { content: attr(data-label); color: var(--quiet); text-align: start; flex: none }
  td > * { min-width: 0 }
  td > .fill { flex: 1 }
  .timeline li { grid-template-columns: 1fr }
  dl { grid-template-columns: 1fr; gap: 0 }
  dd { margin: 0 0 .5rem } }
@media print { .menu, .actions, form, .who { display: none } .frame { display: block } }
"""
