-- Accounts to which other events may belong by what became known of their persons, and how far each is: the position to which the archive has to come
-- and be settled; -1: it is, and the account is to be told anew; -2: it was, and the snapshot in force has it as it was before.
CREATE TABLE unsettled (
    account {text} NOT NULL PRIMARY KEY,
    state   {int}  NOT NULL
) {rows};
