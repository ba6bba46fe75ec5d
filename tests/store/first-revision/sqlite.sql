BEGIN TRANSACTION;
CREATE TABLE audit (
	number INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	who TEXT NOT NULL, 
	why TEXT NOT NULL, 
	action VARCHAR(32) NOT NULL, 
	plate VARCHAR(64), 
	detail TEXT NOT NULL, 
	key_id VARCHAR(16) NOT NULL, 
	previous VARCHAR(64) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	seal VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (number)
);
INSERT INTO "audit" VALUES(1,'2026-03-02 08:00:00.000000','J. Guard','case 17','list',NULL,'{"added": 1, "removed": 0}','0e9f80f7991ad39d','0000000000000000000000000000000000000000000000000000000000000000','584b414c370d72b8ab182504e1d2f0d8d949d5e3d862985f69e496d065b201fc','cdca9ca4f485ae4744744ad10db41ecafeb6492469257696e45c73881762b16e');
INSERT INTO "audit" VALUES(2,'2026-03-02 08:10:00.000000','J. Guard','case 17','search','19f07e847df68c47c68b825a8e58d498','{"action": null, "camera": null, "folded": false, "kind": null, "length": 7, "match": "exact", "results": 1, "since": null, "until": null}','0e9f80f7991ad39d','584b414c370d72b8ab182504e1d2f0d8d949d5e3d862985f69e496d065b201fc','ee0e9df18cfccef53f38b155bebd560d8c6abba6771772f63cb7dc92cdfdde0b','b9dd44acdcd08d6e09db44624359f0dfcc53a9bc193d826ef55f60aad3588a5a');
INSERT INTO "audit" VALUES(3,'2026-03-02 08:10:00.000000','J. Guard','case 17','erase','23cc32ec886c1ed0bbe99ef958aedde1','{"alternatives": 0, "decisions": 0, "events": 0, "listed": 0, "mentions": 0, "pictures": 0}','0e9f80f7991ad39d','ee0e9df18cfccef53f38b155bebd560d8c6abba6771772f63cb7dc92cdfdde0b','fad48a220414ccc9563d3f8f459fc077ce9e7d15a5b40e426dc1edb5f83897c3','573eacdad1277ec74d93d5c6d337501cf7180dfa8b0c539bc59e033eaac15a69');
CREATE TABLE decisions (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	decision_id VARCHAR(36) NOT NULL, 
	camera VARCHAR(256) NOT NULL, 
	run VARCHAR(256) NOT NULL, 
	track_id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	event_time DOUBLE NOT NULL, 
	gate VARCHAR(256) NOT NULL, 
	action VARCHAR(16) NOT NULL, 
	reason VARCHAR(64) NOT NULL, 
	rule TEXT NOT NULL, 
	text VARCHAR(128) NOT NULL, 
	detail TEXT NOT NULL, 
	plate VARCHAR(128), 
	would VARCHAR(16), 
	pass_key TEXT, 
	direction VARCHAR(8), 
	probability DOUBLE NOT NULL, 
	agreeing INTEGER NOT NULL, 
	suspicions JSON NOT NULL, 
	retention VARCHAR(16) NOT NULL, 
	pseudonym VARCHAR(64), 
	erased_at DATETIME, 
	CONSTRAINT uq_decisions_decision_id UNIQUE (decision_id)
);
INSERT INTO "decisions" VALUES(1,'68bfcb04-4f90-5869-ac09-f4bc4138f1b1','north','run1',1,'2026-03-02 08:00:00.000000',10.0,'main','open','exact_match','plates.csv:2','BAB1234','BAB1234 is BAB1234, allowed','BAB1234',NULL,NULL,NULL,0.99,4,'[["watch_listed", "noted"]]','matched',NULL,NULL);
CREATE TABLE events (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	event_id VARCHAR(36) NOT NULL, 
	camera VARCHAR(256) NOT NULL, 
	run VARCHAR(256) NOT NULL, 
	track_id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	at DATETIME NOT NULL, 
	time DOUBLE NOT NULL, 
	first_seen DOUBLE NOT NULL, 
	frame_index INTEGER NOT NULL, 
	text VARCHAR(128) NOT NULL, 
	folded VARCHAR(128) NOT NULL, 
	raw_text VARCHAR(128) NOT NULL, 
	confidence DOUBLE NOT NULL, 
	char_scores JSON NOT NULL, 
	alternatives JSON NOT NULL, 
	region VARCHAR(8), 
	readings INTEGER NOT NULL, 
	agreeing INTEGER NOT NULL, 
	quad JSON NOT NULL, 
	reason VARCHAR(32), 
	retention VARCHAR(16) NOT NULL, 
	pseudonym VARCHAR(64), 
	folded_pseudonym VARCHAR(64), 
	erased_at DATETIME, 
	CONSTRAINT uq_events_event_id UNIQUE (event_id)
);
INSERT INTO "events" VALUES(1,'00000000-0000-4000-8000-000000000001','north','run1',1,'confirmed','2026-03-02 08:00:00.000000',10.0,9.0,100,'BAB1234','8A81234','BAB1234',0.99,'[0.99, 0.99, 0.99, 0.99, 0.99, 0.99, 0.99]','[["8AB1234", 0.01]]','DE',5,4,'[[10.0, 20.0], [110.5, 20.0], [110.5, 45.0], [10.0, 45.0]]',NULL,'matched',NULL,NULL,NULL);
INSERT INTO "events" VALUES(2,'00000000-0000-4000-8000-000000000002','north','run1',2,'confirmed','2026-03-02 08:05:00.000000',10.0,9.0,100,'','','',0.99,'[]','[]',NULL,5,4,'[[10.0, 20.0], [110.5, 20.0], [110.5, 45.0], [10.0, 45.0]]',NULL,'unmatched','c2e3c7877150889626279fdc9d485756','c2e3c7877150889626279fdc9d485756',NULL);
INSERT INTO "events" VALUES(3,'00000000-0000-4000-8000-000000000003','north','run1',3,'revised','2026-03-02 08:05:00.000000',10.0,9.0,100,'京A12345','京A12345','京A12345',0.99,'[0.99, 0.99, 0.99, 0.99, 0.99, 0.99, 0.99]','[]','DE',5,4,'[[10.0, 20.0], [110.5, 20.0], [110.5, 45.0], [10.0, 45.0]]',NULL,'matched',NULL,NULL,NULL);
CREATE TABLE keys (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	key_id VARCHAR(16) NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT uq_keys_key_id UNIQUE (key_id)
);
INSERT INTO "keys" VALUES(1,'0e9f80f7991ad39d','2026-03-02 08:00:00.000000');
CREATE TABLE lpr_store_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT lpr_store_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "lpr_store_version" VALUES('0001');
CREATE TABLE meta (
	name VARCHAR(32) NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_meta PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('confusables','["0DOQ", "1I", "2Z", "5S", "6G", "8B"]');
CREATE TABLE pictures (
	event_number INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	mime VARCHAR(16) NOT NULL, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_pictures PRIMARY KEY (event_number), 
	CONSTRAINT fk_pictures_event_number FOREIGN KEY(event_number) REFERENCES events (number) ON DELETE CASCADE
);
INSERT INTO "pictures" VALUES(1,'2026-03-02 08:00:00.000000','image/jpeg',X'FFD8FFE06669727374207265766973696F6E');
CREATE TABLE plates (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	plate VARCHAR(128) NOT NULL, 
	folded VARCHAR(128) NOT NULL, 
	list VARCHAR(16) NOT NULL, 
	owner TEXT NOT NULL, 
	note TEXT NOT NULL, 
	valid_from VARCHAR(32) NOT NULL, 
	valid_to VARCHAR(32) NOT NULL, 
	schedule TEXT NOT NULL, 
	timezone VARCHAR(64) NOT NULL, 
	gates JSON NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	entries INTEGER
);
INSERT INTO "plates" VALUES(1,'BAB1234','8A81234','allow','Ms Ode','','','2030-12-31','','','["main"]','',NULL);
CREATE INDEX ix_events_at ON events (at);
CREATE INDEX ix_events_text ON events (text);
CREATE INDEX ix_events_folded ON events (folded);
CREATE INDEX ix_events_raw_text ON events (raw_text);
CREATE INDEX ix_events_pseudonym ON events (pseudonym);
CREATE INDEX ix_events_folded_pseudonym ON events (folded_pseudonym);
CREATE INDEX ix_events_passage ON events (camera, run, track_id);
CREATE INDEX ix_events_retention_at ON events (retention, at);
CREATE INDEX ix_decisions_at ON decisions (at);
CREATE INDEX ix_decisions_text ON decisions (text);
CREATE INDEX ix_decisions_plate ON decisions (plate);
CREATE INDEX ix_decisions_pseudonym ON decisions (pseudonym);
CREATE INDEX ix_decisions_passage ON decisions (camera, run, track_id);
CREATE INDEX ix_decisions_retention_at ON decisions (retention, at);
CREATE INDEX ix_pictures_at ON pictures (at);
CREATE INDEX ix_plates_plate ON plates (plate);
CREATE INDEX ix_plates_folded ON plates (folded);
CREATE INDEX ix_audit_at ON audit (at);
CREATE INDEX ix_audit_plate ON audit (plate);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_in_order BEFORE INSERT ON audit
    WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM audit)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('keys',1);
INSERT INTO "sqlite_sequence" VALUES('plates',1);
INSERT INTO "sqlite_sequence" VALUES('events',3);
INSERT INTO "sqlite_sequence" VALUES('decisions',1);
COMMIT;
