-- Who asked for an import (empty: the command line), and why it failed.
ALTER TABLE imports ADD COLUMN author {text} NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN error {text};
-- Nothing was ever written to it: lists are made of the living accounts in memory.
DROP TABLE live_accounts;
