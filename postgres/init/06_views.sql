-- Views. Counting views answer from the stat_* counters plus what the queue still holds, so they are exact at once and
-- never scan the archive. A view belongs to bigbrotr_owner; apply_rights at the end lets everybody read it.

-- sightings: events_relays spelt out.
CREATE OR REPLACE VIEW public.sightings AS
SELECT e.event_id, r.relay_url, s.seen_at::bigint AS seen_at, s.gone_at::bigint AS gone_at, s.created_at
  FROM public.events_relays s
  JOIN public.events e ON e.id = s.event
  JOIN public.relays r ON r.relay_id = s.relay_id;
COMMENT ON VIEW public.sightings IS 'Which relay served which event, since when (Unix seconds), and when it was found gone.';

-- relay_metadata_latest: the newest check of each relay with its documents, also when it failed. A light check does not ask
-- for the information document: then it is that of the newest one which did.
CREATE OR REPLACE VIEW public.relay_metadata_latest AS
SELECT r.relay_url, r.network, r.status, m.generated_at, d.nip11_id, m.nip66_id, d.nip11_error, m.nip66_error,
       n.name, n.description, n.pubkey, n.contact, n.software, n.version, n.supported_nips, n.limitation, n.defects,
       o.openable, o.readable, o.writable, o.rtt_open, o.rtt_read, o.rtt_write
  FROM public.relays r
 CROSS JOIN LATERAL (SELECT x.generated_at, x.nip11_id, x.nip66_id, x.nip11_error, x.nip66_error
                       FROM public.relay_metadata x WHERE x.relay_url = r.relay_url
                      ORDER BY x.generated_at DESC LIMIT 1) AS m
  LEFT JOIN LATERAL (SELECT x.nip11_id, x.nip11_error
                       FROM public.relay_metadata x
                      WHERE x.relay_url = r.relay_url AND x.nip11_error IS DISTINCT FROM 'not_asked'
                      ORDER BY x.generated_at DESC LIMIT 1) AS d ON true
  LEFT JOIN public.nip11 n ON n.id = d.nip11_id
  LEFT JOIN public.nip66 o ON o.id = m.nip66_id;
COMMENT ON VIEW public.relay_metadata_latest IS 'Newest check of each relay.';

-- relay_outages: from the first failed check to the first that was answered, or to when nobody looked any more. A relay that
-- never answered is in one from its first check on: was is unknown then. One that was dead before nobody looked, and is dead
-- behind that, was never offline between.
CREATE OR REPLACE VIEW public.relay_outages AS
SELECT r.relay_url, r.network, t.at AS started_at, e.at AS ended_at, e.status = 'online' AS has_recovered,
       coalesce(e.at, extract(epoch FROM now())::bigint) - t.at AS seconds, t.reason AS cause, t.was, t.relay_id
  FROM public.relay_transitions t
  JOIN public.relays r ON r.relay_id = t.relay_id
  LEFT JOIN LATERAL (SELECT x.at, x.status FROM public.relay_transitions x
                      WHERE x.relay_id = t.relay_id AND x.at > t.at AND x.status IN ('online', 'unknown')
                      ORDER BY x.at LIMIT 1) AS e ON true
 WHERE t.status IN ('offline', 'dead') AND t.was IN ('online', 'unknown');
COMMENT ON VIEW public.relay_outages IS 'When each relay was down: Unix seconds, the cause of the first failed check; ended_at is NULL while it lasts.';

-- relay_uptime: a relay and a window of 1, 7, 30 or 90 days that ends now. By checks: whole days are counted already, only
-- the day in which the window begins is counted here. By time: from one transition to the next, the last one up to when the
-- next check is due; time in which nobody looked belongs to neither side.
CREATE OR REPLACE VIEW public.relay_uptime AS
SELECT r.relay_url, r.network, r.status, w.days, n.checks, n.answered,
       round(n.answered::numeric / nullif(n.checks, 0), 6) AS by_checks, s.known_seconds, s.up_seconds,
       round(s.up_seconds / nullif(s.known_seconds, 0), 6) AS by_time, r.relay_id
  FROM public.relays r
  JOIN public.relay_checks c ON c.relay_id = r.relay_id
 CROSS JOIN (SELECT d.days, (extract(epoch FROM now())::bigint - d.days * 86400)::bigint AS start
               FROM (VALUES (1), (7), (30), (90)) AS d (days)) AS w
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(z.checks), 0)::bigint AS checks, coalesce(sum(z.answered), 0)::bigint AS answered
         FROM (SELECT d.checks, d.answered FROM public.relay_check_days d
                WHERE d.relay_id = r.relay_id AND d.day > w.start / 86400
                UNION ALL
               SELECT 1, (m.nip66_error IS NULL)::int FROM public.relay_metadata m
                WHERE m.relay_url = r.relay_url AND m.generated_at >= w.start
                  AND m.generated_at < (w.start / 86400 + 1) * 86400) AS z) AS n
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(z.seconds) FILTER (WHERE z.status <> 'unknown'), 0) AS known_seconds,
              coalesce(sum(z.seconds) FILTER (WHERE z.status = 'online'), 0) AS up_seconds
         FROM (SELECT t.status, greatest(lead(t.at, 1, greatest(c.checked_at, least(
                          extract(epoch FROM now())::bigint, c.planned_at)))
                          OVER (ORDER BY t.at) - greatest(t.at, w.start), 0)::numeric AS seconds
                 FROM public.relay_transitions t
                WHERE t.relay_id = r.relay_id AND t.at >= coalesce(
                      (SELECT max(b.at) FROM public.relay_transitions b WHERE b.relay_id = r.relay_id AND b.at <= w.start),
                      w.start)) AS z) AS s;
COMMENT ON VIEW public.relay_uptime IS 'How often and for how long each relay was up over 1, 7, 30 and 90 days; NULL where nothing is known.';

-- stat_pending: the queue, one row a sighting or deletion.
CREATE OR REPLACE VIEW public.stat_pending AS
SELECT q.relay_id, u.pubkey, u.kind, 1 AS events, 1 AS sightings
  FROM public.stat_queue q, unnest(q.new_pubkeys, q.new_kinds) AS u (pubkey, kind)
 UNION ALL
SELECT q.relay_id, u.pubkey, u.kind, 0, 1
  FROM public.stat_queue q, unnest(q.old_pubkeys, q.old_kinds) AS u (pubkey, kind)
 UNION ALL
SELECT q.relay_id, u.pubkey, u.kind, -(q.relay_id IS NULL)::int, -(q.relay_id IS NOT NULL)::int
  FROM public.stat_queue q, unnest(q.gone_pubkeys, q.gone_kinds) AS u (pubkey, kind);
COMMENT ON VIEW public.stat_pending IS 'Counting that is not folded yet.';

CREATE OR REPLACE VIEW public.kind_counts_total AS
SELECT z.kind, sum(z.n)::bigint AS total_events
  FROM (SELECT k.kind, k.n FROM public.stat_kinds k
         UNION ALL SELECT p.kind, p.events FROM public.stat_pending p) AS z
 GROUP BY z.kind HAVING sum(z.n) > 0;
COMMENT ON VIEW public.kind_counts_total IS 'Events by kind.';

CREATE OR REPLACE VIEW public.kind_counts_by_relay AS
SELECT r.relay_url, z.kind, sum(z.n)::bigint AS total_events
  FROM (SELECT k.relay_id, k.kind, k.n FROM public.stat_relay_kinds k
         UNION ALL SELECT p.relay_id, p.kind, p.sightings FROM public.stat_pending p) AS z
  JOIN public.relays r ON r.relay_id = z.relay_id
 GROUP BY r.relay_url, z.kind HAVING sum(z.n) > 0;
COMMENT ON VIEW public.kind_counts_by_relay IS 'Events by relay and kind.';

-- The two views by author join the queue to the counters instead of grouping both, so that neither direction has to
-- aggregate all authors.
CREATE OR REPLACE VIEW public.pubkey_counts_total AS
WITH pending AS MATERIALIZED (SELECT p.pubkey, sum(p.events) AS n FROM public.stat_pending p GROUP BY p.pubkey)
SELECT a.pubkey, (a.n + coalesce(p.n, 0))::bigint AS total_events
  FROM public.stat_authors a LEFT JOIN pending p ON p.pubkey = a.pubkey
 WHERE a.n + coalesce(p.n, 0) > 0
 UNION ALL
SELECT p.pubkey, p.n::bigint FROM pending p
 WHERE p.n > 0 AND (SELECT a.author_id FROM public.stat_authors a WHERE a.pubkey = p.pubkey) IS NULL;
COMMENT ON VIEW public.pubkey_counts_total IS 'Events by author.';

CREATE OR REPLACE VIEW public.pubkey_counts_by_relay AS
WITH pending AS MATERIALIZED (
    SELECT p.relay_id, p.pubkey, sum(p.sightings) AS n FROM public.stat_pending p
     WHERE p.relay_id IS NOT NULL GROUP BY p.relay_id, p.pubkey HAVING sum(p.sightings) <> 0)
SELECT a.pubkey, r.relay_url, (c.n + coalesce(p.n, 0))::bigint AS total_events
  FROM public.stat_relay_authors c
  JOIN public.stat_authors a ON a.author_id = c.author_id
  JOIN public.relays r ON r.relay_id = c.relay_id
  LEFT JOIN pending p ON p.relay_id = c.relay_id AND p.pubkey = a.pubkey
 WHERE c.n + coalesce(p.n, 0) > 0
 UNION ALL
SELECT p.pubkey, r.relay_url, p.n::bigint
  FROM pending p JOIN public.relays r ON r.relay_id = p.relay_id
 WHERE p.n > 0 AND (SELECT c.n FROM public.stat_relay_authors c
         WHERE c.relay_id = p.relay_id
           AND c.author_id = (SELECT a.author_id FROM public.stat_authors a WHERE a.pubkey = p.pubkey)) IS NULL;
COMMENT ON VIEW public.pubkey_counts_by_relay IS 'Events by author and relay.';

CREATE OR REPLACE VIEW public.events_statistics AS
WITH pending AS MATERIALIZED (
    SELECT p.pubkey, sum(p.events) AS events, sum(p.sightings) AS sightings FROM public.stat_pending p GROUP BY p.pubkey)
SELECT (t.events + coalesce((SELECT sum(p.events) FROM pending p), 0))::bigint AS total_events,
       ((SELECT coalesce(sum(r.n), 0) FROM public.stat_relays r)
           + coalesce((SELECT sum(p.sightings) FROM pending p), 0))::bigint AS total_sightings,
       (t.authors + coalesce((
           SELECT sum((z.had + z.events > 0)::int - (z.had > 0)::int)
             FROM (SELECT p.events, coalesce((SELECT a.n FROM public.stat_authors a WHERE a.pubkey = p.pubkey), 0) AS had
                     FROM pending p) AS z), 0))::bigint AS unique_pubkeys,
       k.unique_kinds, k.regular_events, k.replaceable_events, k.ephemeral_events, k.addressable_events,
       (SELECT min(e.created_at) FROM public.events e) AS earliest_event_timestamp,
       (SELECT max(e.created_at) FROM public.events e) AS latest_event_timestamp
  FROM public.stat_totals t,
       (SELECT count(*) AS unique_kinds,
               coalesce(sum(c.total_events) FILTER (WHERE c.class = 'regular'), 0)::bigint AS regular_events,
               coalesce(sum(c.total_events) FILTER (WHERE c.class = 'replaceable'), 0)::bigint AS replaceable_events,
               coalesce(sum(c.total_events) FILTER (WHERE c.class = 'ephemeral'), 0)::bigint AS ephemeral_events,
               coalesce(sum(c.total_events) FILTER (WHERE c.class = 'addressable'), 0)::bigint AS addressable_events
          FROM (SELECT n.total_events,
                       CASE WHEN n.kind IN (0, 3) OR n.kind BETWEEN 10000 AND 19999 THEN 'replaceable'
                            WHEN n.kind BETWEEN 20000 AND 29999 THEN 'ephemeral'
                            WHEN n.kind BETWEEN 30000 AND 39999 THEN 'addressable'
                            ELSE 'regular' END AS class
                  FROM public.kind_counts_total n) AS c) AS k;
COMMENT ON VIEW public.events_statistics IS 'The archive in one row; times in Unix seconds. Kinds without a class in NIP-01 count as regular.';

CREATE OR REPLACE VIEW public.relays_statistics AS
WITH pending AS MATERIALIZED (
    SELECT z.relay_id, sum(z.n) AS n, sum((z.had + z.n > 0)::int - (z.had > 0)::int) AS authors
      FROM (SELECT p.relay_id, p.pubkey, sum(p.sightings) AS n,
                   coalesce((SELECT c.n FROM public.stat_relay_authors c
                              WHERE c.relay_id = p.relay_id
                                AND c.author_id = (SELECT a.author_id FROM public.stat_authors a WHERE a.pubkey = p.pubkey)),
                            0) AS had
              FROM public.stat_pending p WHERE p.relay_id IS NOT NULL GROUP BY p.relay_id, p.pubkey) AS z
     GROUP BY z.relay_id)
SELECT r.relay_url, r.network, r.status, r.first_seen, r.last_seen,
       (coalesce(c.n, 0) + coalesce(p.n, 0))::bigint AS total_events,
       (coalesce(c.authors, 0) + coalesce(p.authors, 0))::bigint AS unique_pubkeys,
       s.events_new AS events_first_seen_here,
       (SELECT min(e.created_at) FROM public.events_relays e WHERE e.relay_id = r.relay_id) AS first_event_timestamp,
       (SELECT max(e.created_at) FROM public.events_relays e WHERE e.relay_id = r.relay_id) AS last_event_timestamp,
       t.avg_rtt_open, t.avg_rtt_read, t.avg_rtt_write
  FROM public.relays r
  LEFT JOIN public.relay_sync s ON s.relay_id = r.relay_id
  LEFT JOIN public.stat_relays c ON c.relay_id = r.relay_id
  LEFT JOIN pending p ON p.relay_id = r.relay_id
  LEFT JOIN LATERAL (
       SELECT avg(o.rtt_open) AS avg_rtt_open, avg(o.rtt_read) AS avg_rtt_read, avg(o.rtt_write) AS avg_rtt_write
         FROM (SELECT m.nip66_id FROM public.relay_metadata m WHERE m.relay_url = r.relay_url
                ORDER BY m.generated_at DESC LIMIT 10) AS m
         JOIN public.nip66 o ON o.id = m.nip66_id) AS t ON true;
COMMENT ON VIEW public.relays_statistics IS 'Each relay in one row; times in Unix seconds, round trips in milliseconds over its newest ten checks.';

-- relay_coverage_summary: how much of a relay's time is proven. Seconds by state, open time before the first interval
-- not counted.
CREATE OR REPLACE VIEW public.relay_coverage_summary AS
SELECT r.relay_url, r.network, s.class, s.sealed_hi, s.frontier, s.tail_seen,
       c.intervals, c.covered_from, c.covered_to,
       c.open_seconds, c.provisional_seconds, c.sealed_seconds, c.settled_seconds, c.gap_seconds, c.gap_reasons,
       c.last_proved_at
  FROM public.relays r
  JOIN public.relay_sync s ON s.relay_id = r.relay_id
 CROSS JOIN LATERAL (
       SELECT count(*) AS intervals, min(v.lo) AS covered_from, max(v.hi) AS covered_to,
              coalesce(sum(v.hi::numeric - v.lo + 1) FILTER (WHERE v.state IN (0, 1)), 0) AS open_seconds,
              coalesce(sum(v.hi::numeric - v.lo + 1) FILTER (WHERE v.state = 2), 0) AS provisional_seconds,
              coalesce(sum(v.hi::numeric - v.lo + 1) FILTER (WHERE v.state = 3), 0) AS sealed_seconds,
              coalesce(sum(v.hi::numeric - v.lo + 1) FILTER (WHERE v.state = 4), 0) AS settled_seconds,
              coalesce(sum(v.hi::numeric - v.lo + 1) FILTER (WHERE v.state = 5), 0) AS gap_seconds,
              coalesce(array_agg(DISTINCT v.reason ORDER BY v.reason) FILTER (WHERE v.state = 5), '{}') AS gap_reasons,
              max(v.proved_at) AS last_proved_at
         FROM public.relay_coverage v WHERE v.relay_id = r.relay_id) AS c;
COMMENT ON VIEW public.relay_coverage_summary IS 'Seconds of each relay by state of proof; reasons as in relay_coverage.reason.';

-- coverage_by_relay, coverage_total: how much time is in which state. Only what relay_coverage holds is counted: time
-- before a relay's first interval and after its last is in no state.
CREATE OR REPLACE VIEW public.coverage_by_relay AS
SELECT r.relay_url, r.network, c.intervals, c.gaps, c.covered_from, c.covered_to,
       c.open_seconds, c.walking_seconds, c.provisional_seconds, c.sealed_seconds, c.settled_seconds, c.gap_seconds,
       c.open_days, c.walking_days, c.provisional_days, c.sealed_days, c.settled_days, c.gap_days, c.gap_unanswered_seconds,
       c.gap_saturated_second_seconds, c.gap_until_ignored_seconds, c.gap_unordered_seconds, c.gap_auth_seconds,
       c.gap_payment_seconds, c.gap_restricted_seconds, c.gap_oversize_seconds, c.gap_poison_seconds
  FROM public.relays r
 CROSS JOIN LATERAL (
       SELECT count(*) AS intervals, count(*) FILTER (WHERE v.state = 5) AS gaps, min(v.lo) AS covered_from, max(v.hi) AS covered_to,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 0), 0) AS open_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 1), 0) AS walking_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 2), 0) AS provisional_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 3), 0) AS sealed_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 4), 0) AS settled_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5), 0) AS gap_seconds,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 0), 0) / 86400, 3) AS open_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 1), 0) / 86400, 3) AS walking_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 2), 0) / 86400, 3) AS provisional_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 3), 0) / 86400, 3) AS sealed_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 4), 0) / 86400, 3) AS settled_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 5), 0) / 86400, 3) AS gap_days,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 1), 0) AS gap_unanswered_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 2), 0) AS gap_saturated_second_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 3), 0) AS gap_until_ignored_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 4), 0) AS gap_unordered_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 5), 0) AS gap_auth_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 6), 0) AS gap_payment_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 7), 0) AS gap_restricted_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 8), 0) AS gap_oversize_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 9), 0) AS gap_poison_seconds
         FROM (SELECT o.lo, o.hi, o.state, o.reason, o.hi::numeric - o.lo + 1 AS seconds
                 FROM public.relay_coverage o WHERE o.relay_id = r.relay_id) AS v) AS c;
COMMENT ON VIEW public.coverage_by_relay IS 'Seconds and days of each relay by state of proof, and its gaps by reason.';

CREATE OR REPLACE VIEW public.coverage_total AS
SELECT count(DISTINCT v.relay_id) AS relays, count(*) AS intervals, count(*) FILTER (WHERE v.state = 5) AS gaps,
       count(DISTINCT v.relay_id) FILTER (WHERE v.state = 5) AS relays_with_gaps,
       min(v.lo) AS covered_from, max(v.hi) AS covered_to,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 0), 0) AS open_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 1), 0) AS walking_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 2), 0) AS provisional_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 3), 0) AS sealed_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 4), 0) AS settled_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5), 0) AS gap_seconds,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 0), 0) / 86400, 3) AS open_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 1), 0) / 86400, 3) AS walking_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 2), 0) / 86400, 3) AS provisional_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 3), 0) / 86400, 3) AS sealed_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 4), 0) / 86400, 3) AS settled_days,
       round(coalesce(sum(v.seconds) FILTER (WHERE v.state = 5), 0) / 86400, 3) AS gap_days,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 1), 0) AS gap_unanswered_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 2), 0) AS gap_saturated_second_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 3), 0) AS gap_until_ignored_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 4), 0) AS gap_unordered_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 5), 0) AS gap_auth_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 6), 0) AS gap_payment_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 7), 0) AS gap_restricted_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 8), 0) AS gap_oversize_seconds,
       coalesce(sum(v.seconds) FILTER (WHERE v.state = 5 AND v.reason = 9), 0) AS gap_poison_seconds
  FROM (SELECT o.relay_id, o.lo, o.hi, o.state, o.reason, o.hi::numeric - o.lo + 1 AS seconds FROM public.relay_coverage o) AS v;
COMMENT ON VIEW public.coverage_total IS 'The same over all relays in one row: the time of each relay counts for itself.';

SELECT public.apply_rights();
