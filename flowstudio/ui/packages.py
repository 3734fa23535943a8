"""npm packages that JSX files of assets/components import, where Reflex does not see it.

Versions are exact; what they need in turn is fixed by reflex.lock.
"""

#: Of editor/code-editor.jsx.
CODE_PACKAGES = (
    "@codemirror/autocomplete@6.20.4",
    "@codemirror/commands@6.11.1",
    "@codemirror/lang-json@6.0.2",
    "@codemirror/lang-python@6.2.1",
    "@codemirror/language@6.13.1",
    "@codemirror/lint@6.9.8",
    "@codemirror/state@6.7.6",
    "@codemirror/view@6.43.15",
    "@lezer/highlight@1.2.5",
)
#: Of prose.jsx.
MARKDOWN_PACKAGES = ("react-markdown@10.1.0", "remark-gfm@4.0.1")
#: Of prose.jsx and editor/plot.jsx.
VALUE_PACKAGES = ("plotly.js-basic-dist-min@4.1.1", *MARKDOWN_PACKAGES)
