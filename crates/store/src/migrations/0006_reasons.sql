-- Why a model was applied.
ALTER TABLE model_revisions ADD COLUMN reason {text} NOT NULL DEFAULT '';
