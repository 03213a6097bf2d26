-- additive

-- Every forge account that an Agent was ever seen to have. What an Agent said there is an agent's word also when its Secret is missing, changed or
-- unreadable now.
CREATE TABLE agent_accounts (
  namespace text NOT NULL,
  host text NOT NULL,
  agent_uid text NOT NULL,
  account_id bigint NOT NULL,
  login text NOT NULL,
  kind text NOT NULL,
  -- When it was first seen with this Agent: the newest is the one it has.
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (namespace, host, agent_uid, account_id)
);
