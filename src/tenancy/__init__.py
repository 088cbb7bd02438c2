"""Sites, companies and tokens: who comes in, and what is theirs."""
