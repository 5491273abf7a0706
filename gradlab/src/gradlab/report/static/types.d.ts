// Types for the checker alone (`make check-js`): what the service answers, and what several modules pass on.
// No browser reads this file.

/** What an element may hold; null, false and undefined are left out. */
type Child = Node | string | number | null | undefined | false | Child[];

/** What `h` is given: `on…` are listeners, `style` an object, the rest attributes. */
interface Properties {
  style?: Record<string, string>;
  [listener: `on${string}`]: (event: any) => unknown;
  [attribute: string]: unknown;
}

type Severity = "info" | "warning" | "critical";

interface Progress {
  epochs_done: number;
  epochs_total: number;
}

interface Run {
  seed: number;
  epochs_done: number;
  stopped_by: string | null;
  final_metrics: Record<string, number | null> | null;
  error: string | null;
}

/** A piece of a spec: its kind alone where it has no parameters. */
type Kind = string | { kind: string; learning_rate?: unknown };

interface SpecLayer {
  kind: string;
  activation?: Kind | null;
  repeat?: number;
}

/** A spec that the service trains. */
interface TrainedSpec {
  source?: undefined;
  name: string;
  seeds: number[];
  dataset: { kind: string };
  model: { layers: SpecLayer[] };
  training: { optimizer: Kind };
  record: Record<string, unknown>;
}

interface ExternalLayer {
  name: string;
  class_name: string;
  output_shape?: number[] | null;
  parameters: { shape: number[] }[];
}

/** What is known of a training that runs elsewhere. */
interface ExternalSpec {
  source: "external";
  /** what its records count. */
  axis?: "epoch" | "step";
  every_steps?: number | null;
  framework?: "keras" | "torch" | null;
  optimizer?: Kind | null;
  optimizer_class?: string | null;
  name: string;
  seeds: number[];
  layers: ExternalLayer[];
  record: Record<string, unknown>;
}

type Spec = TrainedSpec | ExternalSpec;

interface DiagnosisSummary {
  verdict: string;
  root_cause: string | null;
  title: string | null;
  confidence: string;
  unjudged: number;
  stale: boolean;
}

/** The trial for which an experiment was added. */
interface TrialOf {
  experiment_id: string;
  name: string;
  treatment_id: string;
  role: string;
  remedies: string[];
}

interface Experiment {
  id: string;
  name: string;
  status: "queued" | "running" | "completed" | "cancelled" | "failed" | "deleted";
  source: string;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  expected_by: string | null;
  diagnosis: DiagnosisSummary | null;
  trial?: TrialOf | null;
  treatment?: { id: string; status: string; trials: number } | null;
  shapes?: string | null;
  cancel_requested: boolean;
  stopped_by?: string | null;
  error: string | null;
  progress: Progress;
  runs: Run[];
  spec: Spec;
}

/** A number of the facts; JSON has words for those that are not finite. */
type FactNumber = number | "NaN" | "Infinity" | "-Infinity";

/** Features of one sort: how many, and the first of them. */
interface FeatureNames {
  count: number;
  numbers: number[];
  names?: string[];
}

/** The size of the inputs. */
interface Inputs {
  features: number;
  rms: FactNumber;
  largest_rms: FactNumber;
  mean: FactNumber[];
  std: FactNumber[];
  constant: FeatureNames;
  nonfinite: FeatureNames;
  extreme: FeatureNames;
}

interface ExternalTarget {
  kind: "classes" | "labels" | "values";
  count: number;
  steps?: number[];
}

/** Numbers about the data on which a diagnosis rests, as `/facts` answers them; null is unknown. */
interface Facts {
  train_count: number | null;
  val_count: number | null;
  feature_shape: number[] | null;
  target: ExternalTarget | null;
  target_range: [FactNumber, FactNumber] | null;
  target_std: FactNumber | null;
  constant_loss: FactNumber | null;
  constant_accuracy: FactNumber | null;
  reachable: FactNumber | null;
  class_shares: FactNumber[] | null;
  inputs: Inputs | null;
}

/** A layer of a network as `/experiments/validate` answers it. */
interface LayerShape {
  layer: string;
  output_shape: number[];
  parameters: number;
}

/** A layer as the strip shows it. */
interface ShownLayer {
  layer: string;
  /** null if its sender does not say. */
  output_shape: number[] | null;
  parameters: number;
}

interface Estimate {
  parameters: number;
  seconds: number;
  seconds_interval: number[];
  source: string;
  series_bytes: number;
  memory_bytes: number;
  memory_interval: number[];
}

interface Validation {
  /** with all its fields. */
  spec: Spec;
  layers: LayerShape[];
  estimate: Estimate;
}

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

/** An epochs event of the stream. */
interface EpochsEvent {
  runs: {
    seed: number;
    epochs: number[];
    metrics: Record<string, (number | null)[]>;
    gradients: { epochs: number[]; layers: Record<string, (number | null)[]> } | null;
  }[];
}

type ScaleKind = "log" | "share" | "linear";

interface Statistic {
  name: string;
  scale: ScaleKind;
  unit: string;
  meaning: string;
  /** when a tensor has no such number; empty if every tensor has one. */
  missing?: string;
}

/** A kind of series of which a statistic is shown for each layer. */
interface LayerKind {
  name: string;
  title: string;
  /** of its endpoint below the experiment's. */
  path: string;
  /** the field of a spec's `record` that says how often it is recorded. */
  record: string;
  /** true if a layer has several tensors of it. */
  isOfParameters: boolean;
  statistics: Statistic[];
  /** the statistic that is shown first. */
  first: Statistic;
}

/** A refused field of a spec. */
interface FieldProblem {
  field: string;
  expected: string;
  received: string;
}

/** A file that a view can be saved as. */
interface FileLink {
  label: string;
  path: string;
  accept: string;
  name: string;
}

/** A number that cannot change: an axis, a column, the data of an archive. */
type Numbers = ArrayLike<number>;

/** A line, with a band from `low` to `high` where several seeds were trained. */
interface Series {
  name: string;
  colour: string;
  values: Numbers;
  low?: Numbers;
  high?: Numbers;
}

type RGB = number[];

/** Says in the head of the page whether it is live. */
type Say = (state: string, words: string) => void;

/** What a page is opened with; it leaves when `signal` is aborted. */
interface PageOptions {
  page: HTMLElement;
  parts: string[];
  signal: AbortSignal;
  say: Say;
}

interface WindowEventMap {
  themechange: Event;
}
