"""The clients of the two systems: a typed operation goes in, a value or a problem comes out.

`transport` is HTTP, `errors` what can go wrong and who must act, `steps` how an operation is told as
requests, `policies`, `circuit`, `lanes` and `access` when a request may go out (all of them pure), `gateway`
the actor that decides so and does no I/O itself. `graph` and `scheduler` are what each system says, and how.
"""
