"""The execution model: who runs next, when, on which thread; nothing here knows what a calendar is.

`clock` and `timers` are time, `dispatcher` and `workers` are threads, `pooled` and `inbox` are Pykka's actors
on those threads, `senders` is where blocking I/O happens, `directory` finds actors, `waiting` keeps messages
for those that do not run, `errors` keeps private text out of logs, and `system` bundles it all, once for
production and once for a simulation that replays from a seed.
"""
