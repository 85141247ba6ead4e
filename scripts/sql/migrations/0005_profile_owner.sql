-- A refresh of one owner's profiles, and lists of them, read those alone. A refresh never changes an owner, so its updates stay HOT.
CREATE INDEX coding_profiles_owner ON coding_profiles (owner, id) WHERE owner IS NOT NULL;
