// Package config sets the flags of a command from a YAML file, and writes such files.
//
// A file is a flat mapping. Its keys are the names of flags without their dashes,
// and their values what the flags would be given:
//
//	tree: T.nwk            # paths are relative to the file's folder
//	trait: [mass, length]  # or mass,length, for flags that take names with commas between
//	chains: 8
//	pooled: true
//	prior:                 # a flag that is repeated takes a list, or a mapping
//	  sigma_sq: lognormal(0,2)
//	fix:
//	  tau_sq: [0.01, 0.02]
//
// A key without a value stands for the flag's default. The command line wins over the
// file, for repeated flags of the form name=value name by name. Whatever else a file
// holds is an [Error], which names the line and the column.
package config
