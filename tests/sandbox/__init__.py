"""A local Microsoft 365 tenant and a local Dime.Scheduler."""
