// SPDX-License-Identifier: MIT

// Writes the vectors in this directory with Go's own code for transparency logs, golang.org/x/mod
// (sumdb/tlog and sumdb/note) and crypto/ed25519. Nothing of this project takes part.
//
//	apt-get install golang golang-golang-x-mod-dev      (written with Go 1.19.8 and x/mod 0.7.0)
//	cd tests/vectors/tlog/go
//	GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS= go run main.go
//
// Entry i of every log is the text "entry <i>". Hashes and bytes are in base64.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const largest = 70000

var stored []tlog.Hash

var reader = tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		hashes[i] = stored[x]
	}
	return hashes, nil
})

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func entry(i int64) []byte { return []byte(fmt.Sprintf("entry %d", i)) }

func b64(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

func write(name string, value any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	if err := os.WriteFile(name, text.Bytes(), 0o644); err != nil {
		panic(err)
	}
}

func hashes(list []tlog.Hash) []string {
	out := []string{}
	for _, h := range list {
		out = append(out, b64(h[:]))
	}
	return out
}

func root(size int64) string {
	h := must(tlog.TreeHash(size, reader))
	return b64(h[:])
}

// C2SP serves tiles of height 8 only and leaves the height out of the path.
func c2sp(t tlog.Tile) string {
	return strings.Replace(t.Path(), "tile/8/", "tile/", 1)
}

type dict map[string]any

func roots() {
	var out []dict
	for _, size := range []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 100, 255, 256, 257, 511,
		512, 513, 1000, 4095, 65535, 65536, 65537, 69999, 70000} {
		out = append(out, dict{"size": size, "root": root(size)})
	}
	write("roots.json", out)
}

func inclusion() {
	var out []dict
	add := func(index, size int64) {
		proof := must(tlog.ProveRecord(size, index, reader))
		leaf := tlog.RecordHash(entry(index))
		out = append(out, dict{"index": index, "size": size, "leaf": b64(leaf[:]),
			"proof": hashes(proof), "root": root(size)})
	}
	for size := int64(1); size <= 9; size++ {
		for index := int64(0); index < size; index++ {
			add(index, size)
		}
	}
	for _, size := range []int64{256, 257, 1000, 65536, 65537, 70000} {
		for _, index := range []int64{0, 1, 100, 255, size / 2, size - 2, size - 1} {
			add(index, size)
		}
	}
	write("inclusion.json", out)
}

func consistency() {
	var out []dict
	add := func(from, to int64) {
		proof := must(tlog.ProveTree(to, from, reader))
		out = append(out, dict{"old_size": from, "new_size": to, "proof": hashes(proof),
			"old_root": root(from), "new_root": root(to)})
	}
	for to := int64(1); to <= 9; to++ {
		for from := int64(1); from <= to; from++ {
			add(from, to)
		}
	}
	for _, to := range []int64{256, 257, 1000, 65536, 65537, 70000} {
		for _, from := range []int64{1, 3, 128, 200, 255, 256, to / 2, to - 1} {
			add(from, to)
		}
	}
	write("consistency.json", out)
}

func tiles() {
	var contents []dict
	for _, size := range []int64{1, 255, 256, 257, 1000, 65536, 70000} {
		// From 0 this lists each partial tile in every width; only the last one is of this size.
		widest := map[string]tlog.Tile{}
		var order []string
		for _, t := range tlog.NewTiles(8, 0, size) {
			key := fmt.Sprintf("%d/%d", t.L, t.N)
			if _, ok := widest[key]; !ok {
				order = append(order, key)
			}
			widest[key] = t
		}
		var list []dict
		for _, key := range order {
			t := widest[key]
			digest := sha256.Sum256(must(tlog.ReadTileData(t, reader)))
			list = append(list, dict{"path": c2sp(t), "sha256": fmt.Sprintf("%x", digest)})
		}
		contents = append(contents, dict{"size": size, "tiles": list})
	}
	write("tiles.json", contents)

	var growth []dict
	for _, pair := range [][2]int64{{0, 1}, {1, 2}, {255, 256}, {256, 257}, {250, 260}, {511, 513},
		{1000, 1000}, {1000, 1300}, {65530, 65540}, {65535, 65536}, {65536, 65537}, {69999, 70000}} {
		paths := []string{}
		for _, t := range tlog.NewTiles(8, pair[0], pair[1]) {
			paths = append(paths, c2sp(t))
		}
		growth = append(growth, dict{"old_size": pair[0], "new_size": pair[1], "paths": paths})
	}
	write("growth.json", growth)

	var paths []dict
	for _, t := range []tlog.Tile{{H: 8, L: 0, N: 0, W: 256}, {H: 8, L: 0, N: 0, W: 1},
		{H: 8, L: 0, N: 999, W: 255}, {H: 8, L: 0, N: 1000, W: 256}, {H: 8, L: 1, N: 1234067, W: 8},
		{H: 8, L: 7, N: 5, W: 256}, {H: 8, L: 63, N: 0, W: 3},
		{H: 8, L: 2, N: 9223372036854775807, W: 256}} {
		paths = append(paths, dict{"level": t.L, "index": t.N, "width": t.W, "path": c2sp(t)})
	}
	write("paths.json", paths)

	var bundle bytes.Buffer
	for i := int64(0); i < 3; i++ {
		must(0, binary.Write(&bundle, binary.BigEndian, uint16(len(entry(i)))))
		bundle.Write(entry(i))
	}
	long := bytes.Repeat([]byte{'x'}, 300)
	must(0, binary.Write(&bundle, binary.BigEndian, uint16(len(long))))
	bundle.Write(long)
	write("bundle.json", dict{"entries": []string{b64(entry(0)), b64(entry(1)), b64(entry(2)), b64(long)},
		"bundle": b64(bundle.Bytes())})
}

// A cosigner speaks cosignature/v1 (type 0x04) behind x/mod's interface for signers.
type cosigner struct {
	name string
	key  ed25519.PrivateKey
	time uint64
}

func (c cosigner) Name() string { return c.name }

func (c cosigner) KeyHash() uint32 {
	public := c.key.Public().(ed25519.PublicKey)
	digest := sha256.Sum256([]byte(c.name + "\n\x04" + string(public)))
	return binary.BigEndian.Uint32(digest[:4])
}

func (c cosigner) Sign(text []byte) ([]byte, error) {
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", c.time, text)
	signature := make([]byte, 8, 72)
	binary.BigEndian.PutUint64(signature, c.time)
	return append(signature, ed25519.Sign(c.key, []byte(message))...), nil
}

func (c cosigner) vkey() string {
	public := c.key.Public().(ed25519.PublicKey)
	return fmt.Sprintf("%s+%08x+%s", c.name, c.KeyHash(), b64(append([]byte{4}, public...)))
}

func notes() {
	seed := func(n byte) []byte { return bytes.Repeat([]byte{n}, 32) }
	signer := func(name string, n byte) (note.Signer, string) {
		key := ed25519.NewKeyFromSeed(seed(n))
		vkey := must(note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey)))
		hash := strings.SplitN(vkey, "+", 3)[1]
		skey := fmt.Sprintf("PRIVATE+KEY+%s+%s+%s", name, hash, b64(append([]byte{1}, seed(n)...)))
		return must(note.NewSigner(skey)), vkey
	}
	const origin = "log.example/meridian/1"
	logSigner, logKey := signer(origin, 1)
	nextSigner, nextKey := signer(origin, 2)
	otherSigner, otherKey := signer("überwachung.example/größe", 3)
	witness := cosigner{"witness.example/w1", ed25519.NewKeyFromSeed(seed(4)), 1795300000}

	keys := []dict{
		{"name": origin, "seed": b64(seed(1)), "vkey": logKey},
		{"name": origin, "seed": b64(seed(2)), "vkey": nextKey},
		{"name": "überwachung.example/größe", "seed": b64(seed(3)), "vkey": otherKey},
	}
	write("keys.json", dict{"log": keys,
		"cosigner": dict{"name": witness.name, "seed": b64(seed(4)), "vkey": witness.vkey(), "time_s": witness.time}})

	var list []dict
	add := func(desc, text string, vkeys []string, signers ...note.Signer) {
		message := must(note.Sign(&note.Note{Text: text}, signers...))
		var known []note.Verifier
		for _, vkey := range vkeys {
			known = append(known, must(note.NewVerifier(vkey)))
		}
		opened := must(note.Open(message, note.VerifierList(known...)))
		list = append(list, dict{"desc": desc, "text": text, "vkeys": vkeys, "note": string(message),
			"verified": len(opened.Sigs)})
	}
	add("one line", "one line\n", []string{logKey}, logSigner)
	add("blank lines within the text", "one\n\n\ntwo\n\n", []string{logKey}, logSigner)
	add("two keys of one name", "rotating\n", []string{logKey, nextKey}, logSigner, nextSigner)
	add("an unknown key beside a known one", "text\n", []string{nextKey}, logSigner, nextSigner, otherSigner)
	add("a name beyond ASCII", "größe\n", []string{otherKey}, otherSigner)
	write("notes.json", list)

	const size, index = 70000, 4711
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, root(size))
	signed := must(note.Sign(&note.Note{Text: text}, logSigner, witness))
	write("checkpoint.json", dict{"origin": origin, "size": size, "root": root(size), "vkey": logKey,
		"cosigner_vkey": witness.vkey(), "time_s": witness.time, "note": string(signed)})

	var file strings.Builder
	file.WriteString("c2sp.org/tlog-proof@v1\n")
	fmt.Fprintf(&file, "extra %s\nindex %d\n", b64([]byte("extra data")), index)
	for _, h := range must(tlog.ProveRecord(size, index, reader)) {
		file.WriteString(b64(h[:]) + "\n")
	}
	file.WriteString("\n" + string(signed))
	leaf := tlog.RecordHash(entry(index))
	write("proof_file.json", dict{"origin": origin, "vkey": logKey, "index": index, "leaf": b64(leaf[:]),
		"extra": b64([]byte("extra data")), "file": file.String()})
}

func main() {
	for i := int64(0); i < largest; i++ {
		stored = append(stored, must(tlog.StoredHashes(i, entry(i), reader))...)
	}
	roots()
	inclusion()
	consistency()
	tiles()
	notes()
}
