"""The reply of the metadata API, which REST and gRPC share."""

from tensorflow_serving.apis import get_model_metadata_pb2

from serving.inference.inference import Inference
from serving.models.model_spec import ModelSpec

SIGNATURE_DEF = "signature_def"


def make_metadata_reply(
    inference: Inference, model: ModelSpec
) -> tuple[get_model_metadata_pb2.GetModelMetadataResponse, get_model_metadata_pb2.SignatureDefMap]:
    """Returns the reply about a model, and the signatures that are packed into it.

    Raises:
      ServingError: No such model, version or label answers requests.
    """
    version, signature_defs = inference.read_signature_defs(model)
    signature_map = get_model_metadata_pb2.SignatureDefMap()
    for name, signature_def in signature_defs.items():
        signature_map.signature_def[name].CopyFrom(signature_def)
    reply = get_model_metadata_pb2.GetModelMetadataResponse()
    reply.model_spec.name = model.name
    reply.model_spec.version.value = version
    reply.metadata[SIGNATURE_DEF].Pack(signature_map)
    return reply, signature_map
