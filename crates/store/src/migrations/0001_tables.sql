-- One row: this workspace.
CREATE TABLE workspace (
    one        {int} NOT NULL PRIMARY KEY CHECK (one = 1),
    created_at {int} NOT NULL,
    live_from  {int}
) {rows};

-- The last number given out, by name: positions of inputs, ids of imports.
CREATE TABLE counters (
    name  {text}   NOT NULL PRIMARY KEY,
    value {int} NOT NULL
) {clustered};

-- One row per file and way of reading it.
CREATE TABLE imports (
    id           {int} NOT NULL PRIMARY KEY,
    position     {int} NOT NULL,
    kind         {text}   NOT NULL,
    file         {text}   NOT NULL,
    content_hash {text}   NOT NULL,
    mapping_hash {text}   NOT NULL,
    source       {text}   NOT NULL,
    dated        {int} NOT NULL,
    row_count    {int} NOT NULL,
    accepted     {int} NOT NULL,
    duplicates   {int} NOT NULL,
    rejected     {int} NOT NULL,
    conflicts    {int} NOT NULL,
    started_at   {int} NOT NULL,
    finished_at  {int},
    status       {text}   NOT NULL,
    UNIQUE (kind, content_hash, mapping_hash, source, dated)
) {rows};

-- What was said: versions of fields of accounts, persons and subscriptions. The key is the whole statement, so that saying it again changes nothing.
-- owner: the account's or person's id; item: the subscription's id, else ''.
CREATE TABLE versions (
    kind       {text}   NOT NULL,
    owner      {text}   NOT NULL,
    item       {text}   NOT NULL,
    field      {text}   NOT NULL,
    valid_from {int} NOT NULL,
    known_from {int} NOT NULL,
    value      {text}   NOT NULL,
    import     {int} NOT NULL,
    PRIMARY KEY (kind, owner, item, field, valid_from, known_from, value)
) {clustered};

-- Which persons belong to which accounts, from when until when.
CREATE TABLE memberships (
    account     {text}   NOT NULL,
    person      {text}   NOT NULL,
    valid_from  {int} NOT NULL,
    valid_until {int} NOT NULL,
    import      {int} NOT NULL,
    PRIMARY KEY (account, person, valid_from, valid_until)
) {clustered};
CREATE INDEX memberships_by_person ON memberships (person, account);

-- An id that goes and the id that stays.
CREATE TABLE merges (
    kind      {text}   NOT NULL,
    from_id   {text}   NOT NULL,
    into_id   {text}   NOT NULL,
    at        {int} NOT NULL,
    author    {text}   NOT NULL,
    position  {int} NOT NULL,
    PRIMARY KEY (kind, from_id)
) {clustered};

-- What teammates decided, in order of arrival.
CREATE TABLE decisions (
    position {int} NOT NULL PRIMARY KEY,
    account  {text}   NOT NULL,
    at       {int} NOT NULL,
    author   {text}   NOT NULL,
    reason   {text}   NOT NULL,
    action   {text}   NOT NULL
) {rows};
CREATE INDEX decisions_by_account ON decisions (account, at, position);

-- Models that were applied, with their source files (a JSON object of path and text).
CREATE TABLE model_revisions (
    position   {int} NOT NULL PRIMARY KEY,
    revision   {text}   NOT NULL,
    applied_at {int} NOT NULL,
    author     {text}   NOT NULL,
    files      {text}   NOT NULL
) {rows};
CREATE INDEX model_revisions_by_revision ON model_revisions (revision);

-- Up to where each revision was evaluated last.
CREATE TABLE evaluated (
    revision     {text}   NOT NULL PRIMARY KEY,
    until        {int} NOT NULL,
    position     {int} NOT NULL,
    evaluated_at {int} NOT NULL
) {clustered};

-- The ledger of alerts: append-only but for what people do with them.
CREATE TABLE alerts (
    key             {text}   NOT NULL PRIMARY KEY,
    rule            {text}   NOT NULL,
    account         {text}   NOT NULL,
    person          {text}   NOT NULL,
    opened_at       {int} NOT NULL,
    revision        {text}   NOT NULL,
    severity        {text}   NOT NULL,
    owner           {text},
    title           {text},
    playbook        {text},
    resolved_at     {int},
    resolved_reason {text},
    status          {text}   NOT NULL,
    snoozed_until   {int},
    touched_by      {text},
    touched_at      {int},
    closed_as       {text},
    closed_reason   {text}
) {clustered};
CREATE INDEX alerts_by_account ON alerts (account, opened_at);
CREATE INDEX alerts_by_status ON alerts (status, opened_at);
