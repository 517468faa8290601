"""What makes WAIT count a value that another connection wrote."""

from leitmotif_services.profiles.store.redis_scripts import Script

CONFIRM = Script("""
-- KEYS: one string. WAIT tells who has what its own connection wrote: this writes what is there already, or that nothing is.
local first = redis.call('GETRANGE', KEYS[1], 0, 0)
if first ~= '' then
  redis.call('SETRANGE', KEYS[1], 0, first)
else
  redis.call('SET', KEYS[1], '')
  redis.call('DEL', KEYS[1])
end
return 1
""")
"""Write a value again, as it is: replicas that have this have all that was written before."""
