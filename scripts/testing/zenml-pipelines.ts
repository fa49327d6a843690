/**
 * Three pipelines of ZenML, each of a step that throws, on a stack with its tracker of W&B, Comet and Neptune. Environment: what the clients read, and
 * `COMET_KEY`, `WANDB_KEY`. Prints what the step's tracker said its URL is.
 */
export const ZENML_PIPELINES = `
import json, os
from zenml import pipeline, step
from zenml.client import Client
from zenml.enums import StackComponentType as Type

CONFIGS = {
    'wandb': {'api_key': os.environ['WANDB_KEY'], 'entity': 'acme', 'project_name': 'bread'},
    'comet': {'api_key': os.environ['COMET_KEY'], 'workspace': 'acme', 'project_name': 'bread'},
    'neptune': {'api_token': 'ANONYMOUS', 'project': 'acme/bread'},
}
client = Client()
for flavor, config in CONFIGS.items():
    client.create_stack_component(name=flavor, flavor=flavor, component_type=Type.EXPERIMENT_TRACKER, configuration=config)
    client.create_stack(name=flavor, components={Type.ORCHESTRATOR: 'default', Type.ARTIFACT_STORE: 'default', Type.EXPERIMENT_TRACKER: flavor})

def log_loss(flavor):
    if flavor == 'wandb':
        import wandb
        wandb.log({'loss': 0.5})
    elif flavor == 'comet':
        import comet_ml
        comet_ml.get_global_experiment().log_metric('loss', 0.5, step=0)
    else:
        from zenml.integrations.neptune.experiment_trackers.run_state import get_neptune_run
        get_neptune_run()['loss'].append(0.5)

for flavor in CONFIGS:
    client.activate_stack(flavor)

    @step(experiment_tracker=flavor)
    def train() -> int:
        log_loss(flavor)
        raise ValueError('the oven is cold')

    @pipeline(enable_cache=False)
    def bake():
        train()

    try:
        bake()
    except RuntimeError as error:
        print(json.dumps({'flavor': flavor, 'raised': str(error)}))
`;
