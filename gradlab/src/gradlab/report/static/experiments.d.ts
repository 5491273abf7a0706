// The service's answers about experiments: their specs, their data, their progress. For the checker alone.

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

/** A chain of layers, or a graph of nodes: each a layer, a second use of another node, or a graph. */
interface SpecNetwork {
  layers?: SpecLayer[];
  nodes?: { name: string; layer?: SpecLayer | null; shares?: string | null; graph?: SpecNetwork | null }[];
}

/** A spec that the service trains. */
interface TrainedSpec {
  source?: undefined;
  name: string;
  seeds: number[];
  dataset: { kind: string };
  model: SpecNetwork;
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
interface Facts extends OutputFacts {
  train_count: number | null;
  val_count: number | null;
  feature_shape: number[] | null;
  inputs: Inputs | null;
  /** of a network with several inputs, by their names. */
  by_input?: Record<string, Inputs>;
  /** of a network with several outputs, by their names; what each has is then null here. */
  outputs?: Record<string, OutputFacts>;
}

/** Facts about an output's targets. */
interface OutputFacts {
  target: ExternalTarget | null;
  target_range: [FactNumber, FactNumber] | null;
  target_std: FactNumber | null;
  constant_loss: FactNumber | null;
  constant_accuracy: FactNumber | null;
  reachable: FactNumber | null;
  class_shares: FactNumber[] | null;
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

/** A refused field of a spec. */
interface FieldProblem {
  field: string;
  expected: string;
  received: string;
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
