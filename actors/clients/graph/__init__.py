"""Microsoft Graph: what is asked of it, how its answers are read, and how requests are carried to it.

`codec` reads events, `delta` pages of changes, `writing` makes what is sent; `operations`, `directory` and
`subscriptions` are what can be asked; `problems` names what goes wrong, `wire` carries requests one by one or
in a `$batch`, `gateway` is the actor.
"""
