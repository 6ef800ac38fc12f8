-- Forgets a session; returns whether there was one.
-- KEYS: the agent's counters, its sessions by last use, the session's list.
-- ARGV: the session.
redis.call('HINCRBY', KEYS[1], 'total', 0 - redis.call('LLEN', KEYS[3]))
redis.call('DEL', KEYS[3])
return redis.call('ZREM', KEYS[2], ARGV[1])
