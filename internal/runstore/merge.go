package runstore

import "fmt"

// MergeTables writes the rows of all chains of some tables into one, those of the
// first table first. The tables must have the same columns and stride. The warm-up
// is left out unless all have as many rows of it. Chains may differ in length.
func MergeTables(path string, tables []*Table) error {
	m := tables[0].TableMeta
	m.Chains = 0
	for _, t := range tables {
		m.Chains += t.Chains
		if t.Warmup != m.Warmup {
			m.Warmup = 0
		}
		if err := sameColumns(tables[0].TableMeta, t.TableMeta); err != nil {
			return fmt.Errorf("%s and %s: %w", tables[0].path, t.path, err)
		}
	}
	w, err := CreateTable(path, m.WithBlock())
	if err != nil {
		return err
	}
	defer w.Close()
	chain := 0
	for _, t := range tables {
		rows, err := t.Rows()
		if err != nil {
			return err
		}
		skip := t.Warmup - m.Warmup
		for from, n := range rows {
			err := t.EachRow(from, min(skip, n), n, func(row int, values []float64) error { return w.Put(chain, row-skip, values) })
			if err != nil {
				return err
			}
			chain++
		}
	}
	return w.Sync()
}

// sameColumns says how the columns of two tables differ.
func sameColumns(a, b TableMeta) error {
	if a.Stride != b.Stride {
		return fmt.Errorf("one keeps every draw in %d, the other every one in %d", a.Stride, b.Stride)
	}
	names := func(m TableMeta) []string { return append(append([]string(nil), m.Sampler...), m.ParameterNames()...) }
	x, y := names(a), names(b)
	for i := range max(len(x), len(y)) {
		switch {
		case i >= len(x):
			return fmt.Errorf("%q is a column of the second alone", y[i])
		case i >= len(y):
			return fmt.Errorf("%q is a column of the first alone", x[i])
		case x[i] != y[i]:
			return fmt.Errorf("column %d is %q in one and %q in the other", i+1, x[i], y[i])
		}
	}
	if a.Coordinates != b.Coordinates {
		return fmt.Errorf("one has %d unconstrained coordinates, the other %d", a.Coordinates, b.Coordinates)
	}
	return nil
}

// modelFlags are the flags that the posterior depends on and that neither the
// settings nor the parameters nor the data tell.
var modelFlags = []string{"edge-lengths", "kernel", "bridge", "steps", "step-length", "step-spacing", "rounds", "align"}

// SamePosterior says how the models, priors or data of two runs differ; nil if they
// have the same posterior.
func SamePosterior(a, b Run) error {
	differ := func(what string, x, y any) error {
		if x, y := fmt.Sprint(x), fmt.Sprint(y); x != y {
			return fmt.Errorf("the %s differs: %s and %s", what, short(x), short(y))
		}
		return nil
	}
	checks := []error{
		differ("model", a.Settings.Model, b.Settings.Model),
		differ("root", a.Settings.Root, b.Settings.Root),
		differ("tip noise", a.Settings.TipNoise, b.Settings.TipNoise),
		differ("list of traits", a.Data.Columns, b.Data.Columns),
		differ("built-in example", a.Data.BuiltIn, b.Data.BuiltIn),
		differ("number of parameters", len(a.Parameters), len(b.Parameters)),
	}
	for i := range min(len(a.Parameters), len(b.Parameters)) {
		p, q := a.Parameters[i], b.Parameters[i]
		checks = append(checks, differ("list of parameters", p.Name, q.Name), differ("prior of "+p.Name, p.Prior, q.Prior), differ("fixed value of "+p.Name, p.Fixed, q.Fixed))
	}
	for _, flag := range modelFlags {
		checks = append(checks, differ("value of --"+flag, a.Flags[flag], b.Flags[flag]))
	}
	checks = append(checks, differ("number of files", len(a.Data.Files), len(b.Data.Files)))
	for i := range min(len(a.Data.Files), len(b.Data.Files)) {
		f, g := a.Data.Files[i], b.Data.Files[i]
		checks = append(checks, differ("list of files", f.Flag, g.Flag))
		if f.SHA256 != g.SHA256 {
			checks = append(checks, fmt.Errorf("the file of --%s differs: %s and %s do not hold the same", f.Flag, f.Given, g.Given))
		}
	}
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return nil
}

// short cuts a text for a message.
func short(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}
