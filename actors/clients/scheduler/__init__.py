"""Dime.Scheduler: what is asked of it, and how its answers are read in whatever shape they come.

`codec` reads appointments and resources, `envelope` finds the answer inside an answer, `writing` makes what
is sent; `operations` and `webhooks` are what can be asked; `problems` names what goes wrong, `wire` carries
requests, `gateway` is the actor.
"""
