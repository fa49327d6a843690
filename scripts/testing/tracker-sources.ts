import { join } from 'node:path';

import { python, vendorPython, type MlflowServer, type RealServerName } from '@mortise/test-servers';

import { PYTHON, PYTHON_ENV, type KeptStatus } from './kept-runs.ts';

/** A tracker that people leave: its own client keeps the runs, `mortise import` reads them. */
export interface TrackerSource {
  vendor: string;
  /** What has to be on this machine for it. */
  needs: RealServerName;
  /** Keeps the runs of `kept-runs.ts`, in an empty folder if it keeps files. Gives what is to be imported. */
  keep(place: { folder: string; mlflow: MlflowServer; project: string }): Promise<string>;
  /** What the vendor's format has no place for, or keeps otherwise. */
  differs?: {
    /** How a run ended as the importer tells it. */
    status?: (status: KeptStatus) => KeptStatus;
    /** Params and tags as the importer gives them. */
    params?: (params: Record<string, string>) => Record<string, string>;
    tags?: (tags: Record<string, string>) => Record<string, string>;
    /** Name of the metric, and path of the file. */
    metric?: string;
    file?: string;
    /** The vendor's client itself says when a run begins and ends. */
    times?: 'own';
  };
}

/** Points go past the server into its database, by MLflow's own code: through it they would take half a minute. */
const mlflow: TrackerSource = {
  vendor: 'mlflow',
  needs: 'mlflow',
  async keep({ mlflow: server, project }) {
    const code = `${PYTHON}
from mlflow.entities import Metric
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.tracking import MlflowClient
client = MlflowClient(os.environ['SERVER'])
store = SqlAlchemyStore('sqlite:///' + os.environ['DATABASE'], 'mlflow-artifacts:/')
experiment = client.create_experiment(os.environ['PROJECT'])
for i, kept in enumerate(RUNS):
    run = client.create_run(experiment, start_time=kept['startedAt'], tags=kept['tags'], run_name=kept['name']).info.run_id
    for key, value in kept['params'].items():
        client.log_param(run, key, value)
    for first in range(0, POINTS, 1000):
        store.log_batch(run, [Metric('loss', loss(i, step), kept['startedAt'] + step, step) for step in range(first, first + 1000)], [], [])
    path, text = kept['file']
    client.log_text(run, text, path)
    client.set_terminated(run, {'completed': 'FINISHED', 'failed': 'FAILED', 'killed': 'KILLED'}[kept['status']], kept['endedAt'])
`;
    await python(code, { ...PYTHON_ENV, SERVER: server.url, DATABASE: `${server.folder}/mlflow.db`, PROJECT: project });
    return server.url;
  },
};

/** It has an exit code, and a tag has no name. */
const wandb: TrackerSource = {
  vendor: 'wandb',
  needs: 'vendor-clients',
  differs: { status: failedOrNot, times: 'own' },
  async keep({ folder, project }) {
    const code = `${PYTHON}
import wandb
settings = wandb.Settings(mode='offline', console='off', silent=True, x_disable_stats=True, x_disable_meta=True, disable_git=True, save_code=False)
for i, kept in enumerate(RUNS):
    tags = [f'{key}:{value}' for key, value in kept['tags'].items()]
    run = wandb.init(project=os.environ['PROJECT'], name=kept['name'], config=kept['params'], tags=tags, settings=settings)
    path, text = kept['file']
    os.makedirs(os.path.dirname(os.path.join(run.dir, path)), exist_ok=True)
    with open(os.path.join(run.dir, path), 'w') as file:
        file.write(text)
    for step in range(POINTS):
        run.log({'loss': loss(i, step)}, step=step)
    run.finish(exit_code=0 if kept['status'] == 'completed' else 1)
`;
    await vendorPython(code, { ...PYTHON_ENV, PROJECT: project, WANDB_DIR: folder, WANDB_MODE: 'offline' }, folder);
    return folder;
  },
};

/** A failure is what its hook saw, and what others have as tags are its "others". */
const comet: TrackerSource = {
  vendor: 'comet',
  needs: 'vendor-clients',
  differs: { status: failedOrNot, times: 'own' },
  async keep({ folder, project }) {
    const code = `${PYTHON}
import comet_ml, sys
quiet = dict.fromkeys(['log_code', 'log_graph', 'parse_args', 'log_git_metadata', 'log_git_patch', 'log_env_details', 'display_summary_level'], False)
for i, kept in enumerate(RUNS):
    experiment = comet_ml.OfflineExperiment(project_name=os.environ['PROJECT'], offline_directory=os.environ['FOLDER'],
        auto_output_logging=False, auto_param_logging=False, auto_metric_logging=False, **quiet)
    experiment.set_name(kept['name'])
    experiment.log_parameters(kept['params'])
    experiment.log_others(kept['tags'])
    path, text = kept['file']
    experiment.log_asset_data(text, name=path)
    for step in range(POINTS):
        experiment.log_metric('loss', loss(i, step), step=step)
    if kept['status'] != 'completed':
        try:
            raise RuntimeError('no wine left')
        except RuntimeError:
            sys.excepthook(*sys.exc_info())
    experiment.end()
`;
    await vendorPython(code, { ...PYTHON_ENV, PROJECT: project, FOLDER: folder }, folder);
    return folder;
  },
};

/** A run is marked as failed or not, and a tag has no name. */
const neptune: TrackerSource = {
  vendor: 'neptune',
  needs: 'vendor-clients',
  differs: {
    status: failedOrNot,
    tags: (tags) => Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${key}:${value}`, 'true'])),
    times: 'own',
  },
  async keep({ folder, project }) {
    const code = `${PYTHON}
from neptune_scale import Run
for i, kept in enumerate(RUNS):
    run = Run(run_id=kept['name'], project='acme/wine', experiment_name=os.environ['PROJECT'], mode='offline', log_directory=os.environ['FOLDER'],
              enable_console_log_capture=False, source_tracking_config=None)
    run.log_configs({**kept['params'], 'sys/failed': kept['status'] != 'completed'})
    run.add_tags([f'{key}:{value}' for key, value in kept['tags'].items()])
    path, text = kept['file']
    file = os.path.join(os.getcwd(), f'{i}.txt')
    with open(file, 'w') as out:
        out.write(text)
    run.assign_files({path: file})
    for step in range(POINTS):
        run.log_metrics({'loss': loss(i, step)}, step=step)
    run.close()
`;
    await vendorPython(code, { ...PYTHON_ENV, PROJECT: project, FOLDER: join(folder, 'runs') }, folder);
    return join(folder, 'runs');
  },
};

/** What has one word for both. */
function failedOrNot(status: KeptStatus): KeptStatus {
  return status === 'completed' ? 'completed' : 'failed';
}

export const TRACKER_SOURCES: readonly TrackerSource[] = [mlflow, wandb, comet, neptune];
