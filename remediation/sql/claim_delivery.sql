-- The next delivery that is due, locked: of a system that is on and asks for no pause, in the order in which its ticket's deliveries were
-- made, held by no worker (whose lease would have to run out). Key: one row, or none. Cost: the waiting deliveries that are due.
SELECT d.id
FROM remediation_delivery d
JOIN remediation_ticket t ON t.id = d.ticket_id
JOIN remediation_ticketconnection c ON c.system = t.provider AND c.enabled AND (c.paused_until IS NULL OR c.paused_until <= %(now)s)
WHERE d.state = 'waiting' AND d.due_at <= %(now)s AND (d.leased_until IS NULL OR d.leased_until <= %(now)s)
  AND NOT t.provider = ANY(%(unwell)s)
  AND NOT EXISTS (
      SELECT FROM remediation_delivery e WHERE e.ticket_id = d.ticket_id AND e.state = 'waiting' AND e.id < d.id
  )
ORDER BY d.due_at, d.id
LIMIT 1
FOR UPDATE OF d SKIP LOCKED
