// The service's answers about what is wrong and what may help: diagnoses and treatments. For the checker alone.

type Severity = "info" | "warning" | "critical";

interface Measure {
  name: string;
  value: number | null;
  comparison: string;
  threshold: number | null;
  unit: string;
}

interface Finding {
  rule: string;
  kind: string;
  severity: Severity;
  title: string;
  explanation: string;
  layers: string[];
  seeds: number[];
  of_seeds: number;
  since_epoch: number;
  measures: Measure[];
  /** rules whose findings it directly follows from. */
  caused_by: string[];
  /** the output, of several, that it concerns; left out for the whole network. */
  output?: string;
}

interface SpecChange {
  path: string;
  before: unknown;
  after: unknown;
}

interface Suggestion {
  remedy: string;
  title: string;
  /** the remedy's change in one sentence. */
  instructions: string;
  changes: SpecChange[];
  /** null for a training elsewhere. */
  spec: Spec | null;
  /** of a training elsewhere, in its own framework; null if none can be written. */
  code: string | null;
}

/** A rule that could not be applied. */
interface Unjudged {
  rule: string;
  why: string;
  /** what could be passed to make it known; empty if nothing does. */
  advice?: string;
}

/** What would settle a verdict. */
interface Settling {
  by: "epochs" | "seeds" | "series" | "facts";
  what: string;
  seeds: number[];
  epoch: number | null;
}

/** A findings event of the stream, or the answer of `/diagnosis`, which has suggestions. */
interface Diagnosis {
  verdict: string;
  root_cause: string | null;
  confidence: string;
  findings: Finding[];
  outcomes?: { seed: number; outcome: string }[];
  suggestions: Suggestion[];
  unjudged?: Unjudged[];
  settled_by?: Settling[];
}

interface Rate {
  count: number;
  of: number;
  low: number;
  high: number;
}

interface Effect {
  mean: number | null;
  low: number | null;
  high: number | null;
}

interface Judgement {
  worth: string;
  ill: Rate;
  p_adjusted: number;
  effect: Effect;
  signal: string;
  cost: number | null;
  explanation: string;
}

interface Trial {
  role: string;
  remedies: string[];
  changes: SpecChange[];
  stage: string;
  progress: Progress | null;
  experiment_id: string | null;
  triage: { verdict: string; root_cause: string | null; foretells_failure: boolean } | null;
  judgement: Judgement | null;
  error: string | null;
  spec: TrainedSpec;
}

interface Treatment {
  id: string;
  experiment_id: string;
  status: "running" | "completed" | "cancelled" | "failed";
  request: { seeds: number; budget: number };
  created_at: string;
  finished_at: string | null;
  error: string | null;
  summary: string;
  definition: string;
  metric: string;
  untreated: Rate | null;
  control: Rate | null;
  trials: Trial[];
  /** the place of the recommended trial; null if none cures yet. */
  recommended: number | null;
  recommended_spec: TrainedSpec | null;
  recommended_code: string | null;
  is_smallest: boolean | null;
}

/** A treatment in the list of all. */
interface TreatmentSummary {
  id: string;
  experiment_id: string;
  name: string;
  status: string;
  created_at: string;
  trials: number;
  finished_trials: number;
  untreated: Rate | null;
  recommended: string[] | null;
  treated: Rate | null;
  is_smallest: boolean | null;
}
