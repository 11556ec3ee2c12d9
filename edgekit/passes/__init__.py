"""Steps from Model to Model: one file a pass.

A pass is a module with `TAKES` and `GIVES` (kinds of Model), `NEEDS` (modules that must be
installed), `Options` (typed, from the recipe) and `run(model, options, ctx) -> Model`. It runs in
a child process, reads files from `ctx.source` and writes its own into `ctx.output`.
"""
