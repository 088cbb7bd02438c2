"""The parts that pages of the console are made of, as macros: `{% import "parts" as parts with context %}`.

The promise: a state is told in words, not by colour alone, and each field has its label.
"""

PARTS = """
{% macro csrf() %}<input type="hidden" name="csrf" value="{{ csrf_token }}">{% endmacro %}

{% macro act(path, label, look="", fields={}) %}
<form method="post" action="{{ path }}">{{ csrf() }}
{%- for name, value in fields.items() %}<input type="hidden" name="{{ name }}" value="{{ value }}">{% endfor -%}
<button class="{{ look }}">{{ label }}</button></form>
{%- endmacro %}

{% macro badge(state) %}<span class="badge {{ look_of(state) }}">{{ state | spaced }}</span>{% endmacro %}

{% macro bar(counts, people="") %}
{# `people`: what an address of those in a state begins with #}
{% if counts.total %}
<svg class="bar" viewBox="0 0 {{ counts.total }} 1" preserveAspectRatio="none" role="img"
 aria-label="{{ counts.total - counts.pending - counts.sending }} of {{ counts.total }} people done">
{%- for state, start, width in counts | segments -%}
<rect class="{{ state }}" x="{{ start }}" y="0" width="{{ width }}" height="1"/>
{%- endfor %}</svg>
<ul class="legend">
{% for state, start, width in counts | segments %}
<li class="{{ state }}">{% if people %}<a href="{{ people }}{{ state }}">{{ width | number }} {{ state }}</a>
{%- else %}{{ width | number }} {{ state }}{% endif %}</li>
{% endfor %}
</ul>
{% else %}
<p class="quiet">Nobody in it.</p>
{% endif %}
{% endmacro %}

{% macro when(time) %}
{% if time is none %}<span class="quiet">{{ nothing }}</span>
{%- else %}<time datetime="{{ time | rfc3339 }}">{{ time | moment }}</time>{% endif %}
{% endmacro %}

{% macro head(title, about="") %}
<div class="head"><div><h1>{{ title }}</h1>
{% if about %}<p class="quiet">{{ about }}</p>{% endif %}
</div>
{% if caller is defined %}<div class="actions">{{ caller() }}</div>{% endif %}
</div>
{% endmacro %}

{% macro input(name, label, value="", type="text", hint="", required=false, error="") %}
<div class="field"><label for="{{ name }}">{{ label }}</label>
<input id="{{ name }}" name="{{ name }}" type="{{ type }}" value="{{ value }}"
{%- if required %} required{% endif %}{% if error %} aria-invalid="true"{% endif %}
{%- if hint or error %} aria-describedby="{{ name }}-{{ "error" if error else "hint" }}
{%- if hint and error %} {{ name }}-hint{% endif %}"{% endif %}>
{% if error %}<span class="fault" id="{{ name }}-error">{{ error | sentence }}</span>{% endif %}
{% if hint %}<span class="quiet" id="{{ name }}-hint">{{ hint }}</span>{% endif %}
</div>
{% endmacro %}

{% macro select(name, label, choices, chosen="", id="") %}
<div><label for="{{ id or name }}">{{ label }}</label>
<select id="{{ id or name }}" name="{{ name }}">
{% for value, text in choices %}
<option value="{{ value }}"{% if value == chosen %} selected{% endif %}>{{ text }}</option>
{% endfor %}
</select></div>
{% endmacro %}

{% macro search(name, label, value="", type="search") %}
<div><label for="{{ name }}">{{ label }}</label>
<input id="{{ name }}" name="{{ name }}" type="{{ type }}" value="{{ value }}"></div>
{% endmacro %}

{% macro pager(following, label="Next page") %}
{% if following %}
<nav class="pager" aria-label="Pages"><a class="button" rel="next" href="{{ following }}">{{ label }}</a></nav>
{% endif %}
{% endmacro %}
"""
