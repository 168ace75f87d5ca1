-- What the live service keeps. Hashes are 32 bytes; the secrets themselves are nowhere.

-- Durable inputs in order of arrival, one row a group commit; the payload is compressed already.
CREATE TABLE journal (
    position    {int}   NOT NULL PRIMARY KEY,
    received_at {int}   NOT NULL,
    items       {int}   NOT NULL,
    codec       {int}   NOT NULL,
    bytes       {int}   NOT NULL,
    payload     {bytes} NOT NULL
) {rows};
{plain_journal}

-- How far each reader of the journal has come.
CREATE TABLE marks (
    name       {text} NOT NULL PRIMARY KEY,
    position   {int}  NOT NULL,
    updated_at {int}  NOT NULL
) {clustered};

-- Who alone may do what; the fence grows with every new holder.
CREATE TABLE leases (
    name       {text} NOT NULL PRIMARY KEY,
    holder     {text} NOT NULL,
    fence      {int}  NOT NULL,
    expires_at {int}  NOT NULL
) {clustered};

-- Who may send, by write key.
CREATE TABLE sources (
    id              {text}  NOT NULL PRIMARY KEY,
    name            {text}  NOT NULL UNIQUE,
    key_hash        {bytes} NOT NULL UNIQUE,
    created_at      {int}   NOT NULL,
    disabled_at     {int},
    max_gap_seconds {int},
    last_seen_at    {int}
) {rows};

-- Items that could not be taken, as they came.
CREATE TABLE quarantine (
    id          {text}  NOT NULL PRIMARY KEY,
    source      {text}  NOT NULL REFERENCES sources (id),
    received_at {int}   NOT NULL,
    reason      {text}  NOT NULL,
    message     {text}  NOT NULL,
    raw         {bytes} NOT NULL,
    status      {text}  NOT NULL
) {rows};
CREATE INDEX quarantine_by_status ON quarantine (status, received_at, id);

-- Where each account stands now, as lists show it.
CREATE TABLE live_accounts (
    id               {text} NOT NULL PRIMARY KEY,
    name             {text} NOT NULL,
    status           {text} NOT NULL,
    stage            {text},
    stage_entered_at {int},
    health           {float},
    band             {text},
    coverage         {float},
    arr              {float},
    renewal_at       {int},
    owner            {text},
    open_alerts      {int}  NOT NULL,
    position         {int}  NOT NULL,
    detail           {text} NOT NULL
) {rows};
CREATE INDEX live_accounts_by_owner ON live_accounts (owner, id);

-- What happened to accounts. Facts are restated when history changes; the rest is never undone.
CREATE TABLE outcomes (
    number   {int}  NOT NULL PRIMARY KEY,
    position {int}  NOT NULL,
    account  {text} NOT NULL,
    at       {int}  NOT NULL,
    kind     {text} NOT NULL,
    subject  {text} NOT NULL,
    fact     {bool} NOT NULL,
    revision {text} NOT NULL,
    detail   {text} NOT NULL,
    UNIQUE (account, at, fact, kind, subject)
) {rows};

-- What is to be delivered, complete: delivery chooses nothing.
CREATE TABLE outbox (
    id          {text} NOT NULL PRIMARY KEY,
    dedupe_key  {text} NOT NULL UNIQUE,
    kind        {text} NOT NULL,
    recipient   {text} NOT NULL,
    payload     {text} NOT NULL,
    created_at  {int}  NOT NULL,
    due_at      {int}  NOT NULL,
    attempts    {int}  NOT NULL,
    state       {text} NOT NULL,
    finished_at {int},
    last_error  {text}
) {rows};
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE state IN ('waiting', 'claimed');
CREATE INDEX outbox_by_state ON outbox (state, created_at, id);

-- People who sign in.
CREATE TABLE teammates (
    id            {text} NOT NULL PRIMARY KEY,
    email         {text} NOT NULL UNIQUE,
    name          {text} NOT NULL,
    role          {text} NOT NULL,
    password_hash {text},
    created_at    {int}  NOT NULL,
    disabled_at   {int},
    last_login_at {int}
) {rows};

-- Links that set a password once; without a teammate: for the first one of all.
CREATE TABLE setup_tokens (
    hash       {bytes} NOT NULL PRIMARY KEY,
    teammate   {text}  REFERENCES teammates (id),
    created_at {int}   NOT NULL,
    expires_at {int}   NOT NULL,
    used_at    {int}
) {clustered};

-- Browsers that are signed in.
CREATE TABLE sessions (
    hash         {bytes} NOT NULL PRIMARY KEY,
    teammate     {text}  NOT NULL REFERENCES teammates (id),
    csrf         {text}  NOT NULL,
    created_at   {int}   NOT NULL,
    last_used_at {int}   NOT NULL,
    expires_at   {int}   NOT NULL
) {clustered};
CREATE INDEX sessions_by_teammate ON sessions (teammate);

-- Programs that use the API.
CREATE TABLE api_keys (
    id           {text}  NOT NULL PRIMARY KEY,
    name         {text}  NOT NULL,
    hash         {bytes} NOT NULL UNIQUE,
    scopes       {text}  NOT NULL,
    teammate     {text}  NOT NULL REFERENCES teammates (id),
    created_at   {int}   NOT NULL,
    last_used_at {int},
    revoked_at   {int}
) {rows};

-- Failed attempts to sign in, by e-mail or address.
CREATE TABLE login_failures (
    key           {text} NOT NULL PRIMARY KEY,
    failures      {int}  NOT NULL,
    failed_at     {int}  NOT NULL,
    blocked_until {int}
) {clustered};

-- Who changed what. Append-only.
CREATE TABLE audit_log (
    id      {text} NOT NULL PRIMARY KEY,
    at      {int}  NOT NULL,
    actor   {text} NOT NULL,
    action  {text} NOT NULL,
    target  {text} NOT NULL,
    before  {text},
    after   {text},
    address {text}
) {rows};
CREATE INDEX audit_log_by_time ON audit_log (at, id);
CREATE INDEX audit_log_by_target ON audit_log (target, at, id);

-- Lists that teammates made.
CREATE TABLE saved_views (
    id         {text} NOT NULL PRIMARY KEY,
    owner      {text} NOT NULL REFERENCES teammates (id),
    name       {text} NOT NULL,
    shared     {bool} NOT NULL,
    definition {text} NOT NULL,
    created_at {int}  NOT NULL,
    updated_at {int}  NOT NULL,
    UNIQUE (owner, name)
) {rows};

-- What teammates wrote about accounts.
CREATE TABLE notes (
    id         {text} NOT NULL PRIMARY KEY,
    account    {text} NOT NULL,
    author     {text} NOT NULL REFERENCES teammates (id),
    at         {int}  NOT NULL,
    kind       {text} NOT NULL,
    body       {text} NOT NULL,
    edited_at  {int},
    deleted_at {int}
) {rows};
CREATE INDEX notes_by_account ON notes (account, at, id);
