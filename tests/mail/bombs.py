"""Templates made to hang a Worker or to eat its memory, by what they try."""

_DOUBLING = "{% set s = 'x' * 1000 %}" + "{% set s = s ~ s %}" * 60 + "{{ s }}"
_FAN = "{% macro m{n}() %}{% for i in range(99) %}{{ m{m}() }}{% endfor %}{% endmacro %}"
_NESTED_LISTS = "{% set a = ['x', 'x'] %}" + "{% set a = [a, a] %}" * 60

BOMBS = {
    "nested loops without output": "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}",
    "loops in loops": "{% for a in range(99) %}" * 15 + "x" + "{% endfor %}" * 15,
    "a loop that keeps nothing": "{% for a in range(10000) if false %}{% for b in [1] %}{% endfor %}{% endfor %}" * 50,
    "a vast range": "{% for a in range(10 ** 7) %}{% endfor %}",
    "a vast range, counted": "{{ range(9999999)|length }}",
    "huge output of fixed text": "{% for a in range(10000) %}" + "x" * 10_000 + "{% endfor %}",
    "huge output of a value": "{% for a in range(10000) %}{{ big }}{% endfor %}",
    "huge output by macros": "{% macro m() %}"
    + "x" * 100_000
    + "{% endmacro %}{% for a in range(9999) %}{{ m() }}{% endfor %}",
    "a power": "{{ 9 ** 9 ** 9 ** 9 }}",
    "a power of a negative": "{{ (-9) ** 999999999 }}",
    "a huge product": "{% set n = 9 ** 300 %}" + "{% set n = n * n %}" * 40 + "{{ n }}",
    "a repeated text": "{{ 'x' * 10 ** 9 }}",
    "a repeated text, turned round": "{{ 10 ** 9 * 'x' }}",
    "a repeated list": "{% for x in [1] * 10 ** 7 %}{% endfor %}",
    "a repeated list of much": "{% set many = [big] * 100000 %}{{ many|join }}",
    "doubling by ~": _DOUBLING,
    "doubling by +": _DOUBLING.replace("~", "+"),
    "doubling in a namespace": "{% set n = namespace(s='xx') %}"
    "{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s|length }}",
    "doubling in a block": "{% set s = 'x' * 1000 %}" + "{% set s %}{{ s }}{{ s }}{% endset %}" * 60 + "{{ s }}",
    "center": "{{ 'x'|center(10 ** 9) }}",
    "center, in a block": "{% filter center(10 ** 9) %}x{% endfilter %}",
    "center, over a list": "{{ ['x']|map('center', 10 ** 9)|join }}",
    "indent": "{{ 'x\ny'|indent(10 ** 9) }}",
    "indent with a text": "{{ ('x\n' * 9999)|indent(big) }}",
    "join": "{{ range(10000)|join(big) }}",
    "replace": "{{ ('x' * 9999)|replace('x', big) }}",
    "replace again and again": "{% set s = 'x' * 1000 %}" + "{% set s = s|replace('x', 'xx') %}" * 60 + "{{ s }}",
    "batch": "{{ [1]|batch(10 ** 7, 0)|first|length }}",
    "slice": "{{ [1]|slice(10 ** 9)|list|length }}",
    "round": "{{ 1.5|round(10 ** 9, 'ceil') }}",
    "tojson": "{{ [[1]]|tojson(10 ** 9) }}",
    "wordwrap": "{{ ('x ' * 9999)|wordwrap(1, wrapstring=big) }}",
    "sorting letters again and again": "{% for i in range(9999) %}{% set a = big|sort %}{% endfor %}",
    "sorting letters twice": "{% set a = big|sort %}" * 2,
    "slow filters again and again": "{% for i in range(9999) %}{% set a = big|title|urlencode %}{% endfor %}",
    "a wide format": "{{ '%1000000000d'|format(1) }}",
    "a wide format from an argument": "{{ '%*d'|format(10 ** 9, 1) }}",
    "a format by operator": "{{ '%1000000000d' % 1 }}",
    "a format used often": "{{ ('%(a)s' * 9999)|format(a=big) }}",
    "a format used often, by operator": "{{ ('%(a)s' * 9999) % {'a': big} }}",
    "a wide format under a name": "{{ '%(a)2000000000d' % {'a': 1} }}",
    "a wide format under a name, by filter": "{{ '%(a)2000000000d'|format(a=1) }}",
    "slices of nothing again and again": "{% for i in range(9999) %}{% set a = []|slice(40000) %}{% endfor %}",
    "batches filled up again and again": "{% for i in range(9999) %}{% set a = [1]|batch(40000, 0) %}{% endfor %}",
    "an attribute of many parts": "{{ range(9999)|map(attribute='0" + ".0" * 4_000 + "', default=1)|list|length }}",
    "ranges in a loop": "{% for i in range(10000) %}" + "{% set a = range(10000) %}" * 9 + "{% endfor %}",
    "long texts in a loop": "{% for i in range(10000) %}{% set a = 'x' * 999999 %}{% endfor %}",
    "wide texts in a loop": "{% for i in range(10000) %}{% set a = 'x'|center(999999) %}{% endfor %}",
    "letters stripped of letters": "{% set a = 'y' * 300000 %}{% set b = big * 6 ~ 'y' %}{{ a.strip(b) ~ a|trim(b) }}",
    "numbers whose hashes are alike": "{% set n = namespace(a=[]) %}{% for i in range(9999) %}"
    "{% set n.a = n.a + [i * 2305843009213693951] %}{% endfor %}{{ n.a|unique|list|length }}",
    "JSON with a wide margin of letters": "{{ range(9999)|list|tojson(indent=big) }}",
    "str.format": "{{ '{:1000000000}'.format(1) }}",
    "str.ljust": "{{ 'x'.ljust(10 ** 9) }}",
    "str.expandtabs": "{{ '\t'.expandtabs(10 ** 9) }}",
    "str.replace": "{{ big.replace('x', big) }}",
    "str.join": "{{ big.join(range(9999)|map('string')) }}",
    "str.translate": "{{ big.translate({120: big}) }}",
    "lists in lists, shown": _NESTED_LISTS + "{{ a|string }}",
    "lists in lists, as JSON": _NESTED_LISTS + "{{ a|tojson }}",
    "lists in lists, compared": _NESTED_LISTS + _NESTED_LISTS.replace("a", "b") + "{{ a == b }}",
    "tuples in tuples, as a key": _NESTED_LISTS.replace("[", "(").replace("]", ")") + "{{ {a: 1}|length }}",
    "tuples in tuples, looked up": "{% set a = (1, 2) %}" + "{% set a = (a, a) %}" * 60 + "{{ person[a] }}",
    "tuples in tuples, looked up again and again": "{% set a = (1, 2) %}"
    + "{% set a = (a, a) %}" * 14
    + "{% for i in range(9999) %}"
    + "{{ person[a]|default('') }}" * 4
    + "{% endfor %}",
    "tuples in tuples, as keys again and again": "{% set a = (1, 2) %}"
    + "{% set a = (a, a) %}" * 14
    + "{% for i in range(9999) %}{% set d = {a: 1, a: 2, a: 3, a: 4} %}{% endfor %}",
    "namespaces in lists": "{% set n = namespace(a=[1]) %}"
    + "{% set n = namespace(a=[n, n]) %}" * 60
    + "{{ n.a|string }}",
    "a macro that calls itself": "{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}",
    "two macros that call each other": "{% macro a() %}{{ b() }}{% endmacro %}"
    "{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
    "macros that fan out": "{% macro m0() %}x{% endmacro %}"
    + "".join(_FAN.replace("{n}", str(n)).replace("{m}", str(n - 1)) for n in range(1, 9))
    + "{{ m8() }}",
    "macros that fan out without output": "{% macro m0() %}{% endmacro %}"
    + "".join(f"{{% macro m{n}() %}}" + f"{{% set a = m{n - 1}() %}}" * 50 + "{% endmacro %}" for n in range(1, 9))
    + "{{ m8() }}",
    "a caller that fans out": "{% macro m() %}{% for i in range(9999) %}{{ caller() }}{% endfor %}{% endmacro %}"
    "{% call m() %}{% for j in range(9999) %}{% endfor %}{% endcall %}",
    "a recursive loop": "{% for a in [[1]] recursive %}{{ loop([a]) }}{% endfor %}",
    "a million comparisons": "{% for a in range(10000) %}{{ 'a' if big == big ~ '' }}{% endfor %}",
    "a long text searched again and again": "{% set b = big * 18 %}"
    "{% for i in range(9999) %}{% set a = 'xy' in b or 'xz' in b or 'yx' in b or 'zx' in b %}{% endfor %}",
    "a long text turned round a dozen times": "{% set b = big * 18 %}" + "{% set a = b[::-1] %}" * 12,
    "a long format again and again": "{% set b = '%%' * 200000 %}"
    "{% for i in range(9999) %}{% set a = b % () %}{% endfor %}",
    "much work on the way": "{{ big|upper|lower|title|length }}" * 3_000,
    "many tags": "{{ 1 }}" * 50_000,
    "a long sum": "{{ " + "1 + " * 4_000 + "1 }}",
    "a sum as long as a tag may be": "{{ " + "1 + " * 95 + "1 }}",
    "deep brackets": "{{ " + "(" * 9_000 + "1" + ")" * 9_000 + " }}",
    "deep brackets in short": "{{ " + "[" * 90 + "1" + "]" * 90 + " }}",
    "brackets that are never closed": "{{ " + "{1: [(" * 2_000,
    "deep blocks": "{% if 1 %}" * 2_000 + "{% endif %}" * 2_000,
    "deep blocks that are never closed": "{% if 1 %}" * 2_000,
    "deep loops": "{% for a in [1] %}" * 30 + "{% endfor %}" * 30,
    "deep macros": "{% macro a() %}" * 1_000 + "{% endmacro %}" * 1_000,
    "deep captures": "{% set a %}" * 1_500 + "{% endset %}" * 1_500,
    "deep filters": "{% filter upper %}" * 1_000 + "{% endfilter %}" * 1_000,
    "deep calls": "{% call a() %}" * 1_000 + "{% endcall %}" * 1_000,
    "deep scopes": "{% with %}" * 1_500 + "{% endwith %}" * 1_500,
    "a long chain of not": "{{ " + "not " * 4_000 + "1 }}",
    "a long chain of minus": "{{ " + "- " * 4_000 + "1 }}",
    "a long chain of attributes": "{{ person" + ".a" * 4_000 + " }}",
    "a long chain of items": "{{ person" + "[0]" * 3_000 + " }}",
    "a long chain of calls": "{{ person" + "()" * 3_000 + " }}",
    "a long chain of filters": "{{ big" + "|e" * 4_000 + " }}",
    "a long chain of conditions": "{{ " + "1 if 1 else " * 2_000 + "1 }}",
    "lists in lists, deeper and deeper": "{% set n = namespace(a=[]) %}"
    "{% for i in range(9999) %}{% set n.a = [n.a] %}{% endfor %}{{ n.a|length }}",
    "lists in lists, one after another": "{% set a = [1] %}" + "{% set a = [a] %}" * 1_000,
    "tuples in tuples, one after another": "{% set a = (1,) %}" + "{% set a = (a,) %}" * 1_000,
    "dicts in dicts, one after another": "{% set a = {} %}" + "{% set a = {1: a} %}" * 1_000,
    "lists in lists, by filter": "{% set n = namespace(a=[1]) %}"
    "{% for i in range(9999) %}{% set n.a = n.a|batch(1) %}{% endfor %}{{ n.a|length }}",
    "dicts in dicts, deeper and deeper": "{% set n = namespace(a={}) %}"
    "{% for i in range(9999) %}{% set n.a = {1: n.a} %}{% endfor %}{{ n.a|length }}",
    "namespaces in namespaces": "{% set n = namespace(a=1) %}{% for i in range(999) %}"
    "{% set m = namespace() %}{% set m.a = n.a %}{% set n.a = m %}{% endfor %}",
    "what is missing in what is missing": "{% set n = namespace(a={}) %}"
    "{% for i in range(9999) %}{% set n.a = {1: n.a.gap} %}{% endfor %}{{ n.a|string|length / 0 }}",
    "a long number": "{{ " + "9" * 100_000 + " }}",
    "a number beyond printing": "{{ ('f' * 99999)|int(0, 16) }}",
    "work with such a number": "{{ ('f' * 99999)|int(0, 16) // ('f' * 50000)|int(0, 16) > 1 }}",
}
