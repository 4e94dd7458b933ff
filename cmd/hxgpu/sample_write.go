package main

import (
	"strconv"
	"time"

	"github.com/hxgpu/hxgpu/internal/runstore"
)

// write fills the folder of --out; run.json comes last.
func (c *sampleCommand) write(folder *runstore.Folder, s *sampled) error {
	if err := folder.Clear(); err != nil {
		return err
	}
	settings := c.settings(s)
	header := [][2]string{
		{"hxgpu_version", version}, {"method", "sample"}, {"model", settings.Model}, {"num_samples", strconv.Itoa(s.summary.Draws)},
		{"num_warmup", strconv.Itoa(settings.Warmup)}, {"save_warmup", "0"}, {"thin", "1"}, {"algorithm", algorithmRecord[settings.Algorithm][0]}, {"engine", algorithmRecord[settings.Algorithm][1]},
		{"delta", joinNumbers([]float64{settings.TargetAccept})}, {"max_depth", strconv.Itoa(settings.MaxTreeDepth)},
		{"seed", strconv.FormatUint(settings.Seed, 10)}, {"device", settings.Device}, {"precision", settings.Precision},
		{"root", settings.Root}, {"tip_noise", strconv.FormatBool(settings.TipNoise)},
	}
	for _, p := range parameterRecords(s.model) {
		if p.Fixed == nil {
			header = append(header, [2]string{"prior " + p.Name, p.Prior})
		} else {
			values := make([]float64, len(p.Fixed))
			for i, x := range p.Fixed {
				values[i] = float64(x)
			}
			header = append(header, [2]string{"fixed " + p.Name, joinNumbers(values)})
		}
	}
	for chain := range s.values {
		err := folder.WriteChain(runstore.Chain{Number: chain + 1, Settings: header, Parameters: s.names, Values: s.values[chain], Stats: s.run.Stats[chain]})
		if err != nil {
			return err
		}
	}
	record := runstore.Run{Versions: runstore.ReadVersions(version), Started: s.started.UTC().Format(time.RFC3339), Settings: settings,
		Parameters: parameterRecords(s.model), Data: s.in.record, Device: c.device.record(s.info), Draws: s.summary.Draws,
		Interrupted: s.summary.Interrupted, Timings: s.summary.Timings}
	if s.states != nil {
		record.StateDraws = s.states.draws
		if err := c.drawShapes(folder, s); err != nil {
			return err
		}
		if err := folder.WriteStates(runstore.States{Tree: s.in.phylogeny, Traits: s.in.traits, Values: s.states.values}); err != nil {
			return err
		}
	}
	if err := folder.WriteJSON(runstore.SummaryFile, s.summary); err != nil {
		return err
	}
	return folder.WriteJSON(runstore.RunFile, record)
}

// algorithmRecord is how CmdStan's files say what drew them.
var algorithmRecord = map[string][2]string{"nuts": {"hmc", "nuts"}, "hmc": {"hmc", "static"}, "rw": {"metropolis", "random walk and pCN"}}

// settings are the settings with their defaults filled in.
func (c *sampleCommand) settings(s *sampled) runstore.Settings {
	return runstore.Settings{Model: s.model.Name, Chains: c.chains, Warmup: c.warmup, Draws: c.draws, Seed: c.seed,
		TargetAccept: c.targetAccept, MaxTreeDepth: c.maxTreeDepth, Algorithm: c.algorithm, Integrator: c.integrator, Metric: c.metric, Pooled: c.pooled,
		PathLength: c.pathLength, MaxSteps: c.maxSteps, StepJitter: c.stepJitter, StateDraws: c.stateDraws, Device: s.info.Name,
		Precision: precisionName(s.info.Precision), TipNoise: s.model.TipNoise, Root: rootText(s.model)}
}
