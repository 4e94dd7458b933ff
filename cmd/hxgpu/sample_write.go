package main

import (
	"strconv"

	"github.com/hxgpu/hxgpu/internal/runstore"
)

// write fills the folder with what is made from the draws; run.json comes last.
func (c *sampleCommand) write(s *sampled) error {
	folder := s.folder
	if err := folder.WriteAdaptation(s.adaptation()); err != nil {
		return err
	}
	c.end(s)
	if err := exportCmdStan(folder, s.record, s.drawn.Draws); err != nil {
		return err
	}
	if err := c.writeSummary(s); err != nil {
		return err
	}
	return folder.WriteRun(s.record)
}

// writeSummary writes the summary and the states of the nodes.
func (c *sampleCommand) writeSummary(s *sampled) error {
	if s.states != nil {
		s.record.StateDraws = s.states.draws
		if err := c.drawShapes(s.folder, s); err != nil {
			return err
		}
		if err := s.folder.WriteStates(runstore.States{Tree: s.in.phylogeny, Traits: s.in.traits, Values: s.states.values}); err != nil {
			return err
		}
	}
	summary := s.summary
	summary.Timings = nil // they stand in run.json: other files are a function of settings and data
	return s.folder.WriteJSON(runstore.SummaryFile, summary)
}

// end brings the record of the run up to date.
func (c *sampleCommand) end(s *sampled) {
	s.record.Draws, s.record.Phase = s.drawn.Count, runstore.Finished
	if s.record.Interrupted = s.run.Interrupted; s.record.Interrupted {
		s.record.Phase = runstore.Interrupted
	}
	if s.summary.Timings != nil {
		s.record.Sessions[len(s.record.Sessions)-1].Timings = s.summary.Timings
		s.record.Timings.Add(*s.summary.Timings)
	}
}

// adaptation is what the chains' warm-ups found of the parameters' coordinates.
func (s *sampled) adaptation() []runstore.Adaptation {
	found := make([]runstore.Adaptation, len(s.run.StepSizes))
	for chain := range found {
		found[chain] = runstore.Adaptation{StepSize: s.run.StepSizes[chain], InverseMass: s.run.InverseMass[chain][:s.target.ParameterDim()]}
	}
	return found
}

// algorithmRecord is how CmdStan's files say what drew them.
var algorithmRecord = map[string][2]string{"nuts": {"hmc", "nuts"}, "hmc": {"hmc", "static"}, "rw": {"metropolis", "random walk and pCN"}}

// cmdStanSettings are the lines at the head of CmdStan's files.
func cmdStanSettings(r runstore.Run) [][2]string {
	settings := r.Settings
	algorithm := algorithmRecord[settings.Algorithm]
	header := [][2]string{
		{"hxgpu_version", r.Versions.Hxgpu}, {"method", "sample"}, {"model", settings.Model},
		{"num_warmup", strconv.Itoa(settings.Warmup)}, {"algorithm", algorithm[0]}, {"engine", algorithm[1]},
		{"delta", joinNumbers([]float64{settings.TargetAccept})}, {"max_depth", strconv.Itoa(settings.MaxTreeDepth)},
		{"device", settings.Device}, {"precision", settings.Precision},
		{"root", settings.Root}, {"tip_noise", strconv.FormatBool(settings.TipNoise)},
	}
	for _, p := range r.Parameters {
		if p.Fixed == nil {
			header = append(header, [2]string{"prior " + p.Name, p.Prior})
			continue
		}
		values := make([]float64, len(p.Fixed))
		for i, x := range p.Fixed {
			values[i] = float64(x)
		}
		header = append(header, [2]string{"fixed " + p.Name, joinNumbers(values)})
	}
	return header
}

// settings are the settings with their defaults filled in.
func (c *sampleCommand) settings(s *sampled) runstore.Settings {
	return runstore.Settings{Model: s.model.Name, Chains: c.chains, Warmup: c.warmup, Draws: c.draws, Seed: c.seed,
		TargetAccept: c.targetAccept, MaxTreeDepth: c.maxTreeDepth, Algorithm: c.algorithm, Integrator: c.integrator, Metric: c.metric, Pooled: c.pooled,
		PathLength: c.pathLength, MaxSteps: c.maxSteps, StepJitter: c.stepJitter, UnitNoise: c.unitNoise, Start: c.start, Superchains: c.superchains, StateDraws: c.stateDraws, Device: s.info.Name,
		Precision: precisionName(s.info.Precision), TipNoise: s.model.TipNoise, Root: rootText(s.model)}
}
