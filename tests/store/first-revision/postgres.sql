CREATE FUNCTION public.lpr_audit_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;

CREATE FUNCTION public.lpr_audit_in_order() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
      IF NEW.number IS DISTINCT FROM (SELECT coalesce(max(number), 0) + 1 FROM audit) THEN
        RAISE EXCEPTION 'the audit log is append-only';
      END IF;
      RETURN NEW;
    END $$;

CREATE TABLE public.audit (
    number bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    who text NOT NULL,
    why text NOT NULL,
    action character varying(32) NOT NULL,
    plate character varying(64),
    detail text NOT NULL,
    key_id character varying(16) NOT NULL,
    previous character varying(64) NOT NULL,
    hash character varying(64) NOT NULL,
    seal character varying(64) NOT NULL
);

CREATE TABLE public.decisions (
    number bigint NOT NULL,
    decision_id character varying(36) NOT NULL,
    camera character varying(256) NOT NULL COLLATE pg_catalog."C",
    run character varying(256) NOT NULL COLLATE pg_catalog."C",
    track_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    event_time double precision NOT NULL,
    gate character varying(256) NOT NULL COLLATE pg_catalog."C",
    action character varying(16) NOT NULL,
    reason character varying(64) NOT NULL,
    rule text NOT NULL,
    text character varying(128) NOT NULL COLLATE pg_catalog."C",
    detail text NOT NULL,
    plate character varying(128) COLLATE pg_catalog."C",
    would character varying(16),
    pass_key text,
    direction character varying(8),
    probability double precision NOT NULL,
    agreeing integer NOT NULL,
    suspicions json NOT NULL,
    retention character varying(16) NOT NULL,
    pseudonym character varying(64),
    erased_at timestamp with time zone
);

CREATE SEQUENCE public.decisions_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.decisions_number_seq OWNED BY public.decisions.number;

CREATE TABLE public.events (
    number bigint NOT NULL,
    event_id character varying(36) NOT NULL,
    camera character varying(256) NOT NULL COLLATE pg_catalog."C",
    run character varying(256) NOT NULL COLLATE pg_catalog."C",
    track_id bigint NOT NULL,
    kind character varying(16) NOT NULL,
    at timestamp with time zone NOT NULL,
    "time" double precision NOT NULL,
    first_seen double precision NOT NULL,
    frame_index bigint NOT NULL,
    text character varying(128) NOT NULL COLLATE pg_catalog."C",
    folded character varying(128) NOT NULL COLLATE pg_catalog."C",
    raw_text character varying(128) NOT NULL COLLATE pg_catalog."C",
    confidence double precision NOT NULL,
    char_scores json NOT NULL,
    alternatives json NOT NULL,
    region character varying(8),
    readings integer NOT NULL,
    agreeing integer NOT NULL,
    quad json NOT NULL,
    reason character varying(32),
    retention character varying(16) NOT NULL,
    pseudonym character varying(64),
    folded_pseudonym character varying(64),
    erased_at timestamp with time zone
);

CREATE SEQUENCE public.events_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.events_number_seq OWNED BY public.events.number;

CREATE TABLE public.keys (
    number bigint NOT NULL,
    key_id character varying(16) NOT NULL,
    since timestamp with time zone NOT NULL
);

CREATE SEQUENCE public.keys_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.keys_number_seq OWNED BY public.keys.number;

CREATE TABLE public.lpr_store_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE public.meta (
    name character varying(32) NOT NULL,
    value text NOT NULL
);

CREATE TABLE public.pictures (
    event_number bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    mime character varying(16) NOT NULL,
    data bytea NOT NULL
);

CREATE TABLE public.plates (
    number bigint NOT NULL,
    plate character varying(128) NOT NULL COLLATE pg_catalog."C",
    folded character varying(128) NOT NULL COLLATE pg_catalog."C",
    list character varying(16) NOT NULL,
    owner text NOT NULL,
    note text NOT NULL,
    valid_from character varying(32) NOT NULL,
    valid_to character varying(32) NOT NULL,
    schedule text NOT NULL,
    timezone character varying(64) NOT NULL,
    gates json NOT NULL,
    direction character varying(8) NOT NULL,
    entries integer
);

CREATE SEQUENCE public.plates_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.plates_number_seq OWNED BY public.plates.number;

ALTER TABLE ONLY public.decisions ALTER COLUMN number SET DEFAULT nextval('public.decisions_number_seq'::regclass);

ALTER TABLE ONLY public.events ALTER COLUMN number SET DEFAULT nextval('public.events_number_seq'::regclass);

ALTER TABLE ONLY public.keys ALTER COLUMN number SET DEFAULT nextval('public.keys_number_seq'::regclass);

ALTER TABLE ONLY public.plates ALTER COLUMN number SET DEFAULT nextval('public.plates_number_seq'::regclass);

INSERT INTO public.audit VALUES (1, '2026-03-02 08:00:00+00', 'J. Guard', 'case 17', 'list', NULL, '{"added": 1, "removed": 0}', '0e9f80f7991ad39d', '0000000000000000000000000000000000000000000000000000000000000000', '584b414c370d72b8ab182504e1d2f0d8d949d5e3d862985f69e496d065b201fc', 'cdca9ca4f485ae4744744ad10db41ecafeb6492469257696e45c73881762b16e');
INSERT INTO public.audit VALUES (2, '2026-03-02 08:10:00+00', 'J. Guard', 'case 17', 'search', '19f07e847df68c47c68b825a8e58d498', '{"action": null, "camera": null, "folded": false, "kind": null, "length": 7, "match": "exact", "results": 1, "since": null, "until": null}', '0e9f80f7991ad39d', '584b414c370d72b8ab182504e1d2f0d8d949d5e3d862985f69e496d065b201fc', 'ee0e9df18cfccef53f38b155bebd560d8c6abba6771772f63cb7dc92cdfdde0b', 'b9dd44acdcd08d6e09db44624359f0dfcc53a9bc193d826ef55f60aad3588a5a');
INSERT INTO public.audit VALUES (3, '2026-03-02 08:10:00+00', 'J. Guard', 'case 17', 'erase', '23cc32ec886c1ed0bbe99ef958aedde1', '{"alternatives": 0, "decisions": 0, "events": 0, "listed": 0, "mentions": 0, "pictures": 0}', '0e9f80f7991ad39d', 'ee0e9df18cfccef53f38b155bebd560d8c6abba6771772f63cb7dc92cdfdde0b', 'fad48a220414ccc9563d3f8f459fc077ce9e7d15a5b40e426dc1edb5f83897c3', '573eacdad1277ec74d93d5c6d337501cf7180dfa8b0c539bc59e033eaac15a69');

INSERT INTO public.decisions VALUES (1, '68bfcb04-4f90-5869-ac09-f4bc4138f1b1', 'north', 'run1', 1, '2026-03-02 08:00:00+00', 10, 'main', 'open', 'exact_match', 'plates.csv:2', 'BAB1234', 'BAB1234 is BAB1234, allowed', 'BAB1234', NULL, NULL, NULL, 0.99, 4, '[["watch_listed", "noted"]]', 'matched', NULL, NULL);

INSERT INTO public.events VALUES (1, '00000000-0000-4000-8000-000000000001', 'north', 'run1', 1, 'confirmed', '2026-03-02 08:00:00+00', 10, 9, 100, 'BAB1234', '8A81234', 'BAB1234', 0.99, '[0.99, 0.99, 0.99, 0.99, 0.99, 0.99, 0.99]', '[["8AB1234", 0.01]]', 'DE', 5, 4, '[[10.0, 20.0], [110.5, 20.0], [110.5, 45.0], [10.0, 45.0]]', NULL, 'matched', NULL, NULL, NULL);
INSERT INTO public.events VALUES (2, '00000000-0000-4000-8000-000000000002', 'north', 'run1', 2, 'confirmed', '2026-03-02 08:05:00+00', 10, 9, 100, '', '', '', 0.99, '[]', '[]', NULL, 5, 4, '[[10.0, 20.0], [110.5, 20.0], [110.5, 45.0], [10.0, 45.0]]', NULL, 'unmatched', 'c2e3c7877150889626279fdc9d485756', 'c2e3c7877150889626279fdc9d485756', NULL);
INSERT INTO public.events VALUES (3, '00000000-0000-4000-8000-000000000003', 'north', 'run1', 3, 'revised', '2026-03-02 08:05:00+00', 10, 9, 100, '京A12345', '京A12345', '京A12345', 0.99, '[0.99, 0.99, 0.99, 0.99, 0.99, 0.99, 0.99]', '[]', 'DE', 5, 4, '[[10.0, 20.0], [110.5, 20.0], [110.5, 45.0], [10.0, 45.0]]', NULL, 'matched', NULL, NULL, NULL);

INSERT INTO public.keys VALUES (1, '0e9f80f7991ad39d', '2026-03-02 08:00:00+00');

INSERT INTO public.lpr_store_version VALUES ('0001');

INSERT INTO public.meta VALUES ('confusables', '["0DOQ", "1I", "2Z", "5S", "6G", "8B"]');

INSERT INTO public.pictures VALUES (1, '2026-03-02 08:00:00+00', 'image/jpeg', '\xffd8ffe06669727374207265766973696f6e');

INSERT INTO public.plates VALUES (1, 'BAB1234', '8A81234', 'allow', 'Ms Ode', '', '', '2030-12-31', '', '', '["main"]', '', NULL);

SELECT pg_catalog.setval('public.decisions_number_seq', 1, true);

SELECT pg_catalog.setval('public.events_number_seq', 3, true);

SELECT pg_catalog.setval('public.keys_number_seq', 1, true);

SELECT pg_catalog.setval('public.plates_number_seq', 1, true);

ALTER TABLE ONLY public.lpr_store_version
    ADD CONSTRAINT lpr_store_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT pk_audit PRIMARY KEY (number);

ALTER TABLE ONLY public.decisions
    ADD CONSTRAINT pk_decisions PRIMARY KEY (number);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT pk_events PRIMARY KEY (number);

ALTER TABLE ONLY public.keys
    ADD CONSTRAINT pk_keys PRIMARY KEY (number);

ALTER TABLE ONLY public.meta
    ADD CONSTRAINT pk_meta PRIMARY KEY (name);

ALTER TABLE ONLY public.pictures
    ADD CONSTRAINT pk_pictures PRIMARY KEY (event_number);

ALTER TABLE ONLY public.plates
    ADD CONSTRAINT pk_plates PRIMARY KEY (number);

ALTER TABLE ONLY public.decisions
    ADD CONSTRAINT uq_decisions_decision_id UNIQUE (decision_id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT uq_events_event_id UNIQUE (event_id);

ALTER TABLE ONLY public.keys
    ADD CONSTRAINT uq_keys_key_id UNIQUE (key_id);

CREATE INDEX ix_audit_at ON public.audit USING btree (at);

CREATE INDEX ix_audit_plate ON public.audit USING btree (plate);

CREATE INDEX ix_decisions_at ON public.decisions USING btree (at);

CREATE INDEX ix_decisions_passage ON public.decisions USING btree (camera, run, track_id);

CREATE INDEX ix_decisions_plate ON public.decisions USING btree (plate);

CREATE INDEX ix_decisions_pseudonym ON public.decisions USING btree (pseudonym);

CREATE INDEX ix_decisions_retention_at ON public.decisions USING btree (retention, at);

CREATE INDEX ix_decisions_text ON public.decisions USING btree (text);

CREATE INDEX ix_events_at ON public.events USING btree (at);

CREATE INDEX ix_events_folded ON public.events USING btree (folded);

CREATE INDEX ix_events_folded_pseudonym ON public.events USING btree (folded_pseudonym);

CREATE INDEX ix_events_passage ON public.events USING btree (camera, run, track_id);

CREATE INDEX ix_events_pseudonym ON public.events USING btree (pseudonym);

CREATE INDEX ix_events_raw_text ON public.events USING btree (raw_text);

CREATE INDEX ix_events_retention_at ON public.events USING btree (retention, at);

CREATE INDEX ix_events_text ON public.events USING btree (text);

CREATE INDEX ix_pictures_at ON public.pictures USING btree (at);

CREATE INDEX ix_plates_folded ON public.plates USING btree (folded);

CREATE INDEX ix_plates_plate ON public.plates USING btree (plate);

CREATE TRIGGER audit_in_order BEFORE INSERT ON public.audit FOR EACH ROW EXECUTE FUNCTION public.lpr_audit_in_order();

CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.lpr_audit_append_only();

CREATE TRIGGER audit_no_update BEFORE DELETE OR UPDATE ON public.audit FOR EACH ROW EXECUTE FUNCTION public.lpr_audit_append_only();

ALTER TABLE ONLY public.pictures
    ADD CONSTRAINT fk_pictures_event_number FOREIGN KEY (event_number) REFERENCES public.events(number) ON DELETE CASCADE;
