-- What happened to one thing of the model: who entered a segment, whose milestone was missed.
CREATE INDEX outcomes_by_subject ON outcomes (kind, subject, at, number);
-- The alerts of somebody, of a rule, newest first.
CREATE INDEX alerts_by_opening ON alerts (opened_at, key);
-- The endpoint that reads an item of the quarantine again.
ALTER TABLE quarantine ADD COLUMN endpoint {text} NOT NULL DEFAULT '';
