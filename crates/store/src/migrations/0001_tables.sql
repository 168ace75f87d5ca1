-- One row: this workspace.
CREATE TABLE workspace (
    one        INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    created_at INTEGER NOT NULL,
    live_from  INTEGER
) STRICT;

-- The last number given out, by name: positions of inputs, ids of imports.
CREATE TABLE counters (
    name  TEXT   NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per file and way of reading it.
CREATE TABLE imports (
    id           INTEGER NOT NULL PRIMARY KEY,
    position     INTEGER NOT NULL,
    kind         TEXT   NOT NULL,
    file         TEXT   NOT NULL,
    content_hash TEXT   NOT NULL,
    mapping_hash TEXT   NOT NULL,
    source       TEXT   NOT NULL,
    dated        INTEGER NOT NULL,
    row_count    INTEGER NOT NULL,
    accepted     INTEGER NOT NULL,
    duplicates   INTEGER NOT NULL,
    rejected     INTEGER NOT NULL,
    conflicts    INTEGER NOT NULL,
    started_at   INTEGER NOT NULL,
    finished_at  INTEGER,
    status       TEXT   NOT NULL,
    UNIQUE (kind, content_hash, mapping_hash, source, dated)
) STRICT;

-- What was said: versions of fields of accounts, persons and subscriptions. The key is the whole statement, so that saying it again changes nothing.
-- owner: the account's or person's id; item: the subscription's id, else ''.
CREATE TABLE versions (
    kind       TEXT   NOT NULL,
    owner      TEXT   NOT NULL,
    item       TEXT   NOT NULL,
    field      TEXT   NOT NULL,
    valid_from INTEGER NOT NULL,
    known_from INTEGER NOT NULL,
    value      TEXT   NOT NULL,
    import     INTEGER NOT NULL,
    PRIMARY KEY (kind, owner, item, field, valid_from, known_from, value)
) STRICT, WITHOUT ROWID;

-- Which persons belong to which accounts, from when until when.
CREATE TABLE memberships (
    account     TEXT   NOT NULL,
    person      TEXT   NOT NULL,
    valid_from  INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    import      INTEGER NOT NULL,
    PRIMARY KEY (account, person, valid_from, valid_until)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_by_person ON memberships (person, account);

-- An id that goes and the id that stays.
CREATE TABLE merges (
    kind      TEXT   NOT NULL,
    from_id   TEXT   NOT NULL,
    into_id   TEXT   NOT NULL,
    at        INTEGER NOT NULL,
    author    TEXT   NOT NULL,
    position  INTEGER NOT NULL,
    PRIMARY KEY (kind, from_id)
) STRICT, WITHOUT ROWID;

-- What teammates decided, in order of arrival.
CREATE TABLE decisions (
    position INTEGER NOT NULL PRIMARY KEY,
    account  TEXT   NOT NULL,
    at       INTEGER NOT NULL,
    author   TEXT   NOT NULL,
    reason   TEXT   NOT NULL,
    action   TEXT   NOT NULL
) STRICT;
CREATE INDEX decisions_by_account ON decisions (account, at, position);

-- Models that were applied, with their source files (a JSON object of path and text).
CREATE TABLE model_revisions (
    position   INTEGER NOT NULL PRIMARY KEY,
    revision   TEXT   NOT NULL,
    applied_at INTEGER NOT NULL,
    author     TEXT   NOT NULL,
    files      TEXT   NOT NULL
) STRICT;
CREATE INDEX model_revisions_by_revision ON model_revisions (revision);

-- Up to where each revision was evaluated last.
CREATE TABLE evaluated (
    revision     TEXT   NOT NULL PRIMARY KEY,
    until        INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    evaluated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The ledger of alerts: append-only but for what people do with them.
CREATE TABLE alerts (
    key             TEXT   NOT NULL PRIMARY KEY,
    rule            TEXT   NOT NULL,
    account         TEXT   NOT NULL,
    person          TEXT   NOT NULL,
    opened_at       INTEGER NOT NULL,
    revision        TEXT   NOT NULL,
    severity        TEXT   NOT NULL,
    owner           TEXT,
    title           TEXT,
    playbook        TEXT,
    resolved_at     INTEGER,
    resolved_reason TEXT,
    status          TEXT   NOT NULL,
    snoozed_until   INTEGER,
    touched_by      TEXT,
    touched_at      INTEGER,
    closed_as       TEXT,
    closed_reason   TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_by_account ON alerts (account, opened_at);
CREATE INDEX alerts_by_status ON alerts (status, opened_at);
