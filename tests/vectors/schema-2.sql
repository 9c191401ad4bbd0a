-- The tables of schema 2, as the version that used it made them.
CREATE TABLE "api_key" ("site" TEXT NOT NULL, "key_id" TEXT NOT NULL, "label" TEXT NOT NULL, "scopes" TEXT NOT NULL, "secret_hash" BLOB NOT NULL, "created_ms" INTEGER NOT NULL, "expires_ms" INTEGER, "last_used_ms" INTEGER, "revoked_ms" INTEGER, "replaces" TEXT, PRIMARY KEY ("site", "key_id"));
CREATE TABLE "entry" ("site" TEXT NOT NULL, "generation" INTEGER NOT NULL, "entry_index" INTEGER NOT NULL, "entry" BLOB NOT NULL, PRIMARY KEY ("site", "generation", "entry_index")) WITHOUT ROWID;
CREATE TABLE "log" ("site" TEXT NOT NULL, "generation" INTEGER NOT NULL, "origin" TEXT NOT NULL, "size" INTEGER NOT NULL, "last_ms" INTEGER NOT NULL, "root" BLOB NOT NULL DEFAULT x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', "checkpoint" BLOB, PRIMARY KEY ("site", "generation"));
CREATE TABLE "meta" ("key" TEXT NOT NULL PRIMARY KEY, "value" TEXT NOT NULL);
CREATE TABLE "notice" ("site" TEXT NOT NULL, "notice" BLOB NOT NULL, "document" BLOB NOT NULL, PRIMARY KEY ("site", "notice"));
CREATE TABLE "preference" ("site" TEXT NOT NULL, "subject" BLOB NOT NULL, "state" BLOB NOT NULL, PRIMARY KEY ("site", "subject"));
CREATE TABLE "publication" ("site" TEXT NOT NULL, "build" BLOB NOT NULL, "notice" BLOB NOT NULL, "config" BLOB NOT NULL, "integrity" TEXT NOT NULL, "generation" INTEGER NOT NULL, "entry_index" INTEGER NOT NULL, "published_ms" INTEGER NOT NULL, PRIMARY KEY ("site", "build"));
CREATE TABLE "record" ("site" TEXT NOT NULL, "generation" INTEGER NOT NULL, "entry_index" INTEGER NOT NULL, "kind" INTEGER NOT NULL, "record_id" BLOB, "subject" BLOB, "subject_part" BLOB, "subject_salt" BLOB, "evidence_part" BLOB, "evidence_salt" BLOB, PRIMARY KEY ("site", "generation", "entry_index"));
CREATE TABLE "site" ("site" TEXT NOT NULL PRIMARY KEY, "name" TEXT NOT NULL, "origins" TEXT NOT NULL, "created_ms" INTEGER NOT NULL, "log_access" TEXT NOT NULL DEFAULT 'public');
CREATE TABLE "tile" ("site" TEXT NOT NULL, "generation" INTEGER NOT NULL, "level" INTEGER NOT NULL, "tile_index" INTEGER NOT NULL, "hashes" BLOB NOT NULL, PRIMARY KEY ("site", "generation", "level", "tile_index")) WITHOUT ROWID;
CREATE UNIQUE INDEX "log_origin" ON "log" ("origin");
CREATE UNIQUE INDEX "record_site_record_id" ON "record" ("site", "record_id");
CREATE INDEX "record_site_subject_generation_entry_index" ON "record" ("site", "subject", "generation", "entry_index");
