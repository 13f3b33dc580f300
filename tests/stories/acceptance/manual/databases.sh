# Harbor's role and databases as the source article makes them; $1 is the password.
cd /
runuser -u postgres -- psql -qv ON_ERROR_STOP=1 <<SQL
CREATE USER harbor LOGIN PASSWORD '$1';
CREATE SCHEMA harbor;
GRANT harbor TO postgres;
GRANT USAGE ON SCHEMA harbor TO postgres;
ALTER SCHEMA harbor OWNER TO postgres;
CREATE DATABASE registry OWNER harbor;
CREATE DATABASE notarysigner OWNER harbor;
CREATE DATABASE notaryserver OWNER harbor;
GRANT ALL ON DATABASE registry, notarysigner, notaryserver TO harbor;
SQL
