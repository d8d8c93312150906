"""The reply about the signatures of a model, which REST renders as JSON."""

from collections.abc import Mapping

from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import get_model_metadata_pb2

SIGNATURE_DEF = "signature_def"


def make_metadata_reply(
    model_name: str, version: int, signature_defs: Mapping[str, meta_graph_pb2.SignatureDef]
) -> tuple[get_model_metadata_pb2.GetModelMetadataResponse, get_model_metadata_pb2.SignatureDefMap]:
    """Returns the reply about a version, and the signatures that are packed into it."""
    signature_map = get_model_metadata_pb2.SignatureDefMap()
    for name, signature_def in signature_defs.items():
        signature_map.signature_def[name].CopyFrom(signature_def)
    reply = get_model_metadata_pb2.GetModelMetadataResponse()
    reply.model_spec.name = model_name
    reply.model_spec.version.value = version
    reply.metadata[SIGNATURE_DEF].Pack(signature_map)
    return reply, signature_map
