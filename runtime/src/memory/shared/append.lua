-- Appends events to sessions of one agent and forgets what is beyond the agent's bounds.
-- KEYS: the agent's counters, its sessions by last use.
-- ARGV: prefix of its sessions' lists, most sessions, most events of a session,
--       then session and event, as often as there are events.
local counters, sessions = KEYS[1], KEYS[2]
local prefix, max_sessions, max_events = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local total = 0

for i = 4, #ARGV, 2 do
  local session, event = ARGV[i], ARGV[i + 1]
  local seq = redis.call('HINCRBY', counters, 'seq', 1)
  local kept = redis.call('RPUSH', prefix .. session, string.format('%d', seq) .. ' ' .. event)
  total = total + 1
  if kept > max_events then
    redis.call('LTRIM', prefix .. session, -max_events, -1)
    total = total - (kept - max_events)
  end
  redis.call('ZADD', sessions, seq, session)
end

local surplus = redis.call('ZCARD', sessions) - max_sessions
if surplus > 0 then
  for _, session in ipairs(redis.call('ZRANGE', sessions, 0, surplus - 1)) do
    total = total - redis.call('LLEN', prefix .. session)
    redis.call('DEL', prefix .. session)
    redis.call('ZREM', sessions, session)
  end
end
redis.call('HINCRBY', counters, 'total', total)
return 0
