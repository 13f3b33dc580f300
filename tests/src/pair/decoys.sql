-- What a role without rights can do to a superuser that looks into its database: a decoy of every
-- function, aggregate, operator, type and relation of the server, in a schema that the role may write
-- to. A decoy that a superuser runs makes the role of the name @ROLE@ a superuser too, and writes its
-- own name into the file `decoys` of the data directory, which no rollback takes back.
--
-- Run as that role. `breakwater_plant(schema)` gives the number of decoys by kind.
CREATE FUNCTION @SCHEMA@.breakwater_decoy(decoy pg_catalog.text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $decoy$
BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN RETURN; END IF;
  EXECUTE format('COPY (SELECT %L) TO PROGRAM ''cat >>decoys''', decoy);
  EXECUTE 'ALTER ROLE "@ROLE@" SUPERUSER';
EXCEPTION WHEN OTHERS THEN NULL;
END $decoy$;

CREATE FUNCTION @SCHEMA@.breakwater_plant(INOUT place pg_catalog.text,
  OUT functions pg_catalog.int4, OUT aggregates pg_catalog.int4, OUT operators pg_catalog.int4,
  OUT types pg_catalog.int4, OUT relations pg_catalog.int4)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET check_function_bodies = off AS $plant$
DECLARE
  one record;
  arguments text;
  body text;
  number int := 0;
BEGIN
  functions := 0; aggregates := 0; operators := 0; types := 0; relations := 0;
  FOR one IN
    SELECT p.oid, p.proname, p.prokind, pg_get_function_arguments(p.oid) AS arguments,
      pg_get_function_result(p.oid) AS result, p.proretset
    FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind IN ('f', 'a')
      AND NOT (p.proargtypes::oid[] && ARRAY['internal'::regtype, 'cstring'::regtype]::oid[])
      AND p.prorettype NOT IN ('internal'::regtype, 'cstring'::regtype, 'trigger'::regtype)
  LOOP
    number := number + 1;
    arguments := replace(replace(one.arguments, 'VARIADIC "any"', 'VARIADIC anyarray'), '"any"', 'anyelement');
    body := format('PERFORM @SCHEMA@.breakwater_decoy(%L);', 'function ' || one.oid::regprocedure::text);
    BEGIN
      IF one.prokind = 'f' THEN
        EXECUTE format('CREATE FUNCTION %I.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L',
          place, one.proname, arguments, one.result,
          'BEGIN ' || body || CASE WHEN one.proretset OR one.result IN ('void', 'record') THEN ' RETURN;' ELSE ' RETURN NULL;' END || ' END');
        functions := functions + 1;
      ELSE
        EXECUTE format('CREATE FUNCTION %I.%I(%s) RETURNS bigint LANGUAGE plpgsql AS %L', place,
          'breakwater_step_' || number, concat_ws(', ', 'bigint', nullif(arguments, '')),
          'BEGIN ' || body || ' RETURN 1; END');
        EXECUTE format('CREATE AGGREGATE %I.%I(%s) (SFUNC = %I.%I, STYPE = bigint)', place, one.proname,
          coalesce(nullif(arguments, ''), '*'), place, 'breakwater_step_' || number);
        aggregates := aggregates + 1;
      END IF;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
  FOR one IN
    SELECT o.oid, o.oprname, o.oprleft::regtype::text AS l, o.oprright::regtype::text AS r, o.oprresult::regtype::text AS result
    FROM pg_operator o WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprkind = 'b'
  LOOP
    number := number + 1;
    BEGIN
      EXECUTE format('CREATE FUNCTION %I.%I(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', place,
        'breakwater_operator_' || number, one.l, one.r, one.result,
        format('BEGIN PERFORM @SCHEMA@.breakwater_decoy(%L); RETURN NULL; END', 'operator ' || one.oid::regoperator::text));
      EXECUTE format('CREATE OPERATOR %I.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = %I.%I)', place,
        one.oprname, one.l, one.r, place, 'breakwater_operator_' || number);
      operators := operators + 1;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
  EXECUTE format('CREATE FUNCTION %I.breakwater_true(what text) RETURNS boolean LANGUAGE plpgsql AS %L', place,
    'BEGIN PERFORM @SCHEMA@.breakwater_decoy(what); RETURN true; END');
  FOR one IN
    SELECT t.typname FROM pg_type t WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype = 'b' AND t.typelem = 0
  LOOP
    BEGIN
      EXECUTE format('CREATE DOMAIN %I.%I AS pg_catalog.%I CHECK (%I.breakwater_true(%L))', place,
        one.typname, one.typname, place, 'type ' || one.typname);
      types := types + 1;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
  FOR one IN
    SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind IN ('r', 'v')
  LOOP
    BEGIN
      EXECUTE format('CREATE VIEW %I.%I AS SELECT * FROM pg_catalog.%I WHERE %I.breakwater_true(%L)', place,
        one.relname, one.relname, place, 'relation ' || one.relname);
      relations := relations + 1;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
END $plant$;
