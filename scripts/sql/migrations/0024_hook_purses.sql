-- Who holds the budget of a run: the purse that opened it last. An earlier one can no longer write.

ALTER TABLE hook_runs ADD COLUMN holder uuid;
