BEGIN TRANSACTION;
CREATE TABLE before_images (
    id TEXT NOT NULL PRIMARY KEY, intent_id TEXT NOT NULL, at TEXT NOT NULL, resource_no TEXT NOT NULL,
    side TEXT NOT NULL, act TEXT NOT NULL, mailbox TEXT, guid TEXT, appointment_id TEXT, event_id TEXT,
    event_key TEXT, etag TEXT, before_json TEXT, after_json TEXT, undone_at TEXT);
CREATE TABLE claims (resource_no TEXT NOT NULL PRIMARY KEY, holder INTEGER NOT NULL);
CREATE TABLE dead_letters (
    id TEXT NOT NULL PRIMARY KEY, resource_no TEXT NOT NULL, guid TEXT, event_key TEXT, act TEXT NOT NULL,
    reason TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL, seen TEXT NOT NULL,
    attempts INTEGER NOT NULL, first_at TEXT NOT NULL, last_at TEXT NOT NULL);
CREATE TABLE decision_names (
    kind TEXT NOT NULL, name TEXT NOT NULL, item TEXT NOT NULL, PRIMARY KEY (kind, name, item)) WITHOUT ROWID;
INSERT INTO "decision_names" VALUES('event','AAkALg==','EMP-001/0a0b0c0d-0000-4000-8000-000000000001');
INSERT INTO "decision_names" VALUES('guid','0a0b0c0d-0000-4000-8000-000000000001','EMP-001/0a0b0c0d-0000-4000-8000-000000000001');
INSERT INTO "decision_names" VALUES('ical','040000008200E','EMP-001/0a0b0c0d-0000-4000-8000-000000000001');
INSERT INTO "decision_names" VALUES('id','4711','EMP-001/0a0b0c0d-0000-4000-8000-000000000001');
INSERT INTO "decision_names" VALUES('key','AAkALg==','EMP-001/0a0b0c0d-0000-4000-8000-000000000001');
INSERT INTO "decision_names" VALUES('number','app-1','EMP-001/0a0b0c0d-0000-4000-8000-000000000001');
INSERT INTO "decision_names" VALUES('subject','boiler überprüfung','EMP-001/0a0b0c0d-0000-4000-8000-000000000001');
CREATE TABLE decisions (
    id TEXT NOT NULL PRIMARY KEY, item TEXT NOT NULL, at TEXT NOT NULL, resource_no TEXT NOT NULL,
    mailbox TEXT, guid TEXT, appointment_id TEXT, number TEXT NOT NULL, event_id TEXT, event_key TEXT,
    ical_uid TEXT NOT NULL, subject TEXT NOT NULL, side TEXT, trigger TEXT NOT NULL, act TEXT NOT NULL,
    reason TEXT NOT NULL, detail TEXT NOT NULL, basis_json TEXT NOT NULL, changes_json TEXT NOT NULL,
    outcome TEXT NOT NULL, request_ids_json TEXT NOT NULL, attempts INTEGER NOT NULL);
INSERT INTO "decisions" VALUES('d1','EMP-001/0a0b0c0d-0000-4000-8000-000000000001','2026-03-02T12:00:00.000000+00:00','EMP-001','9f7a2f0e-0000-4000-8000-000000000001','0a0b0c0d-0000-4000-8000-000000000001','4711','APP-1','AAkALg==','AAkALg==','040000008200E','Boiler Überprüfung','board','webhook','update_event','changed_on_board','rule X','[["rule","Only planned"],["appointment.Category","Install"]]','[["subject","a","b","c","board"]]','pending','["r1","r2"]',1);
CREATE TABLE delta_states (
    mailbox TEXT NOT NULL PRIMARY KEY, delta_link TEXT NOT NULL, window_start TEXT NOT NULL,
    window_end TEXT NOT NULL, full_round_at TEXT NOT NULL);
CREATE TABLE held_back (
    resource_no TEXT NOT NULL, guid TEXT NOT NULL, act TEXT NOT NULL, event_key TEXT, reason TEXT NOT NULL,
    since TEXT NOT NULL, confirmations INTEGER NOT NULL, PRIMARY KEY (resource_no, guid));
CREATE TABLE journal (
    id TEXT NOT NULL PRIMARY KEY, received_at TEXT NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL,
    mailbox TEXT, subscription_id TEXT NOT NULL, references_json TEXT NOT NULL, attempts INTEGER NOT NULL);
CREATE TABLE links (
    resource_no TEXT NOT NULL, guid TEXT NOT NULL, origin TEXT NOT NULL, state TEXT NOT NULL,
    mailbox TEXT NOT NULL, appointment_id TEXT, number TEXT NOT NULL, event_id TEXT, event_key TEXT,
    etag TEXT, event_modified_at TEXT, board_modified_at TEXT, generation INTEGER NOT NULL, agreed_json TEXT,
    PRIMARY KEY (resource_no, guid));
INSERT INTO "links" VALUES('EMP-001','g1','board','active','9f7a2f0e-0000-4000-8000-000000000001','1','APP-1','event-g1','event-g1','W/"1"','2026-03-02T12:00:00.000000+00:00','2026-03-02T12:00:00.123456+00:00',2,'{"board":{"subject":"Visit","body":"Bring the ladder\nand the long one","location":"Ghent","category":"Install","importance":"high","show_as":"busy","sensitivity":"normal","when":{"start":"2026-03-02T12:00:00+00:00","end":"2026-03-02T13:00:00+00:00"}},"outlook":{"subject":"Visit","body":"<p>","location":"Ghent","category":"Install","importance":"high","show_as":"busy","sensitivity":"normal","when":{"start":"2026-03-02T12:00:00+00:00","end":"2026-03-02T13:00:00+00:00"}}}');
CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO "meta" VALUES('schema_version','1');
CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY, resource_no TEXT NOT NULL, act TEXT NOT NULL, mailbox TEXT, guid TEXT,
    event_key TEXT, event_id TEXT, transaction_id TEXT NOT NULL, generation INTEGER NOT NULL,
    at TEXT NOT NULL, attempts INTEGER NOT NULL);
CREATE TABLE preferences (
    resource_no TEXT NOT NULL PRIMARY KEY, share BOOLEAN NOT NULL, show_as TEXT NOT NULL,
    sensitivity TEXT NOT NULL, private TEXT NOT NULL, set_by TEXT NOT NULL, set_at TEXT NOT NULL,
    locked BOOLEAN NOT NULL);
CREATE TABLE resources (
    resource_no TEXT NOT NULL PRIMARY KEY, display_name TEXT NOT NULL, email TEXT NOT NULL,
    enabled BOOLEAN NOT NULL, mailbox TEXT, state TEXT NOT NULL, reason TEXT NOT NULL, code TEXT NOT NULL,
    updated_at TEXT NOT NULL, in_step_at TEXT);
CREATE TABLE subscriptions (
    id TEXT NOT NULL PRIMARY KEY, service TEXT NOT NULL, mailbox TEXT, source_app TEXT NOT NULL,
    kind TEXT NOT NULL, url TEXT NOT NULL, client_state TEXT NOT NULL, created_at TEXT NOT NULL,
    expires_at TEXT);
CREATE TABLE supervision (
    resource_no TEXT NOT NULL PRIMARY KEY, quarantined BOOLEAN NOT NULL, child_json TEXT NOT NULL);
CREATE TABLE unshared (
    resource_no TEXT NOT NULL, event_key TEXT NOT NULL, mailbox TEXT NOT NULL, event_id TEXT NOT NULL,
    etag TEXT NOT NULL, verdict TEXT NOT NULL, PRIMARY KEY (resource_no, event_key)) WITHOUT ROWID;
INSERT INTO "unshared" VALUES('EMP-001','k','9f7a2f0e-0000-4000-8000-000000000001','e','1','sensitivity_not_shared');
CREATE INDEX links_guid ON links (guid);
CREATE INDEX links_appointment_id ON links (appointment_id);
CREATE INDEX links_mailbox_event_id ON links (mailbox, event_id);
CREATE INDEX journal_received_at_id ON journal (received_at, id);
CREATE INDEX outbox_resource_no_at ON outbox (resource_no, at);
CREATE INDEX dead_letters_resource_no ON dead_letters (resource_no);
CREATE INDEX decisions_at ON decisions (at);
CREATE INDEX decisions_item_at ON decisions (item, at);
CREATE INDEX decisions_resource_no_at ON decisions (resource_no, at);
CREATE INDEX decision_names_item ON decision_names (item);
CREATE INDEX subscriptions_mailbox ON subscriptions (mailbox);
CREATE INDEX before_images_at ON before_images (at);
CREATE INDEX before_images_intent_id ON before_images (intent_id);
CREATE INDEX before_images_resource_no_at ON before_images (resource_no, at)
;
COMMIT;
