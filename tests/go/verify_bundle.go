// SPDX-License-Identifier: MIT

// Command verify_bundle checks an unzipped export bundle with golang.org/x/mod, the code that
// checks Go's own checksum database, and with nothing of Consent Ledger's:
//
//	verify_bundle DIRECTORY VKEY...
//
// For each log in DIRECTORY/logs it checks that the checkpoint is signed by one of the keys, that
// every entry in the bundle is included in the tree of the signed root, that the whole log's
// entries (if the bundle holds them all) make that root by themselves, and that every opening
// opens its entry.
// It exits 0 when all of that holds. BUNDLE.md says what else there is to check.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8 // of a tile: 256 hashes
	width  = 1 << height

	entryLabel    = "consent-ledger/entry/v1\n"
	subjectLabel  = "consent-ledger/subject/v1\n"
	evidenceLabel = "consent-ledger/evidence/v1\n"
	privateBytes  = len(entryLabel) + 1 + 2*sha256.Size
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: verify_bundle DIRECTORY VKEY...")
		os.Exit(2)
	}
	if err := verify(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "FAILED:", err)
		os.Exit(1)
	}
}

func verify(directory string, vkeys []string) error {
	var verifiers []note.Verifier
	for _, vkey := range vkeys {
		verifier, err := note.NewVerifier(vkey)
		if err != nil {
			return fmt.Errorf("%s: %w", vkey, err)
		}
		verifiers = append(verifiers, verifier)
	}
	checkpoints, err := filepath.Glob(filepath.Join(directory, "logs", "*", "checkpoint"))
	if err != nil || len(checkpoints) == 0 {
		return fmt.Errorf("%s holds no logs/*/checkpoint", directory)
	}
	for _, path := range checkpoints {
		log := &log{directory: filepath.Dir(path)}
		if err := log.verify(note.VerifierList(verifiers...)); err != nil {
			return fmt.Errorf("%s: %w", log.directory, err)
		}
	}
	return nil
}

// A log of the bundle: its folder, and the tree that its checkpoint signs.
type log struct {
	directory string
	origin    string
	tree      tlog.Tree
	entries   map[int64][]byte // private ones, until their opening was seen
}

func (l *log) verify(verifiers note.Verifiers) error {
	if err := l.readCheckpoint(verifiers); err != nil {
		return err
	}
	count, err := l.checkEntries()
	if err != nil {
		return err
	}
	opened := 0
	for _, name := range []string{"openings.ndjson", "context.ndjson"} {
		lines, err := l.checkOpenings(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		opened += lines
	}
	fmt.Printf("%s: signed at size %d, root %v; %d entries proven to be in it; %d lines of openings match\n",
		l.origin, l.tree.N, l.tree.Hash, count, opened)
	return nil
}

// readCheckpoint opens the signed note: origin, size and root hash, a line each.
func (l *log) readCheckpoint(verifiers note.Verifiers) error {
	data, err := os.ReadFile(filepath.Join(l.directory, "checkpoint"))
	if err != nil {
		return err
	}
	signed, err := note.Open(data, verifiers)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) < 4 || lines[0] != signed.Sigs[0].Name {
		return fmt.Errorf("checkpoint: %q is not origin, size and root", signed.Text)
	}
	l.origin = lines[0]
	if l.tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	l.tree.Hash, err = tlog.ParseHash(lines[2])
	return err
}

// checkEntries proves that each entry of each entry bundle is in the tree, and compares it with
// its hash in the tiles. If all bundles are there, the root is made once more from the entries
// alone. It returns the number of entries.
func (l *log) checkEntries() (count int64, err error) {
	l.entries = make(map[int64][]byte)
	var all []tlog.Hash // the hashes that x/mod stores, in its order, while no entry is missing
	for _, bundle := range l.bundles() {
		start := bundle * width
		size := l.tree.N - start
		if size > width {
			size = width
		}
		entries, err := l.readBundle(bundle, size)
		if err != nil {
			return 0, err
		}
		leaves := make([]tlog.Hash, size)
		for i, entry := range entries {
			leaves[i] = tlog.RecordHash(entry)
		}
		if err := l.checkLeaves(start, leaves); err != nil {
			return 0, err
		}
		for i, entry := range entries {
			index := start + int64(i)
			if count == index {
				stored, err := tlog.StoredHashes(index, entry, hashReader(all))
				if err != nil {
					return 0, err
				}
				all = append(all, stored...)
			}
			if len(entry) == privateBytes && entry[len(entryLabel)] < 16 {
				l.entries[index] = entry
			}
			count++
		}
	}
	if count == l.tree.N {
		root, err := tlog.TreeHash(l.tree.N, hashReader(all))
		if err != nil {
			return 0, err
		}
		if root != l.tree.Hash {
			return 0, fmt.Errorf("the entries make the root %v, signed is %v", root, l.tree.Hash)
		}
	}
	return count, nil
}

// checkLeaves checks the leaf hashes of one entry bundle against the tiles and the signed root.
//
// It does not rely on TileHashReader alone: x/mod 0.7.0 leaves tiles unchecked that it reads after
// several hashes of the root from one tile. A proof of inclusion stands for itself: it leads from
// the leaf to the signed root. That of the first leaf of a full bundle also holds the hashes of
// leaf 1, of leaves 2 and 3, of 4 to 7 and so on, so that one proof is enough for 256 leaves.
func (l *log) checkLeaves(start int64, leaves []tlog.Hash) error {
	tiles := tlog.TileHashReader(l.tree, l)
	indexes := make([]int64, len(leaves))
	for i := range leaves {
		indexes[i] = tlog.StoredHashIndex(0, start+int64(i))
	}
	hashes, err := tiles.ReadHashes(indexes)
	if err != nil {
		return err
	}
	for i, leaf := range leaves {
		if leaf != hashes[i] {
			return fmt.Errorf("entry %d has the hash %v, and its tile says %v", start+int64(i), leaf, hashes[i])
		}
	}
	for i, leaf := range leaves {
		index := start + int64(i)
		proof, err := tlog.ProveRecord(l.tree.N, index, tiles)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, l.tree.N, l.tree.Hash, index, leaf); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
		if len(leaves) < width {
			continue // the bundle on the edge: a proof for each
		}
		for k := 0; k < height; k++ {
			if subtree(leaves[1<<k:2<<k]) != proof[k] {
				return fmt.Errorf("entries %d to %d are not those of the tree", start+(1<<k), start+(2<<k)-1)
			}
		}
		break
	}
	return nil
}

// subtree returns the root of 2^k leaves.
func subtree(leaves []tlog.Hash) tlog.Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	half := len(leaves) / 2
	return tlog.NodeHash(subtree(leaves[:half]), subtree(leaves[half:]))
}

type opening struct {
	Part json.RawMessage
	Salt []byte
}

type line struct {
	Index             int64
	Subject, Evidence *opening // null when erased, absent when withheld
}

// checkOpenings hashes each opened part with its salt and compares that with the entry.
func (l *log) checkOpenings(name string) (lines int, err error) {
	file, err := os.Open(filepath.Join(l.directory, name))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 16<<20)
	for ; scanner.Scan(); lines++ {
		var read line
		if err := json.Unmarshal(scanner.Bytes(), &read); err != nil {
			return 0, err
		}
		entry, ok := l.entries[read.Index]
		if !ok {
			return 0, fmt.Errorf("there is no private entry %d, or it is opened twice", read.Index)
		}
		delete(l.entries, read.Index)
		at := len(entryLabel) + 1
		if !read.Subject.opens(subjectLabel, entry[at:at+sha256.Size]) {
			return 0, fmt.Errorf("the subject part of entry %d is another one", read.Index)
		}
		if !read.Evidence.opens(evidenceLabel, entry[at+sha256.Size:]) {
			return 0, fmt.Errorf("the evidence part of entry %d is another one", read.Index)
		}
	}
	return lines, scanner.Err()
}

func (o *opening) opens(label string, commitment []byte) bool {
	if o == nil {
		return true // whether an erasure entry names it is another check
	}
	hash := sha256.New()
	hash.Write([]byte(label))
	hash.Write(o.Salt)
	hash.Write(o.Part)
	return len(o.Salt) == 32 && bytes.Equal(hash.Sum(nil), commitment)
}

// bundles lists the entry bundles that the directory holds, in order.
func (l *log) bundles() []int64 {
	var found []int64
	root := filepath.Join(l.directory, "tile", "entries")
	filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		path = strings.TrimPrefix(filepath.ToSlash(path), filepath.ToSlash(root)+"/")
		digits := strings.NewReplacer("x", "", "/", "").Replace(strings.Split(path, ".p/")[0])
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil && n*width < l.tree.N {
			found = append(found, n)
		}
		return nil
	})
	sort.Slice(found, func(i, j int) bool { return found[i] < found[j] })
	return found
}

// readBundle returns the entries of a bundle: each stands behind its length in two bytes.
func (l *log) readBundle(n, size int64) ([][]byte, error) {
	tile := tlog.Tile{H: height, L: -1, N: n, W: int(size)}
	path := strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(l.directory, filepath.FromSlash(path)))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) >= 2 {
		length := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+length {
			break
		}
		entries = append(entries, data[2:2+length])
		data = data[2+length:]
	}
	if len(data) != 0 || int64(len(entries)) != size {
		return nil, fmt.Errorf("%s does not hold %d entries", path, size)
	}
	return entries, nil
}

// Height, ReadTiles and SaveTiles make the log a tlog.TileReader. Paths are those of C2SP, which
// leave out the height that x/mod writes into its own.
func (l *log) Height() int { return height }

func (l *log) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		read, err := os.ReadFile(filepath.Join(l.directory, filepath.FromSlash(path)))
		if err != nil {
			return nil, err
		}
		data = append(data, read)
	}
	return data, nil
}

func (l *log) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

// hashReader is a tlog.HashReader over hashes in memory.
type hashReader []tlog.Hash

func (r hashReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(r)) {
			return nil, fmt.Errorf("hash %d is missing", index)
		}
		found[i] = r[index]
	}
	return found, nil
}
