"""Calls a running system as a foreign client would: with gRPC for Python and the .proto files alone.

usage: client.py PROTOS HEALTH_PROTOS REFLECTION_PROTOS VOTER_ADDRESS ROLLOUT_ADDRESS
Prints one JSON object.
"""

import array
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

import grpc


# In the order of the folders on the command line.
PROTOS = [
    [f"mgrpo/v1/{name}.proto" for name in ("rollout", "voter")],
    ["health/v1/health.proto"],
    ["grpc/reflection/v1/reflection.proto"],
]


def generate(out, folder, protos):
    plugin = shutil.which("grpc_python_plugin")
    command = ["protoc", f"--plugin=protoc-gen-grpc={plugin}", "-I", folder]
    outputs = [f"--python_out={out}", f"--grpc_out={out}"]
    subprocess.run([*command, *outputs, *protos], check=True, cwd=folder)


def main():
    *folders, voter_address, rollout_address = sys.argv[1:]
    out = tempfile.mkdtemp()
    for folder, protos in zip(folders, PROTOS):
        generate(out, folder, protos)
    sys.path.insert(0, out)
    # The contract of reflection lies in a package of the same name as the library.
    grpc.__path__.append(os.path.join(out, "grpc"))
    health, health_grpc, reflection, reflection_grpc, voter, voter_grpc, rollout, rollout_grpc = (
        importlib.import_module(name)
        for stem in ("health.v1.health", "grpc.reflection.v1.reflection", "mgrpo.v1.voter", "mgrpo.v1.rollout")
        for name in (f"{stem}_pb2", f"{stem}_pb2_grpc")
    )
    voter_channel = grpc.insecure_channel(voter_address)
    rollout_channel = grpc.insecure_channel(rollout_address)

    check = health_grpc.HealthStub(voter_channel).Check(health.HealthCheckRequest(), timeout=10)

    request = reflection.ServerReflectionRequest(list_services="")
    stub = reflection_grpc.ServerReflectionStub(voter_channel)
    listed = next(iter(stub.ServerReflectionInfo(iter([request]), timeout=10)))
    names = sorted(each.name for each in listed.list_services_response.service)

    members = [
        voter.VoteMember(role="ROLE_POLICY", index=i, text=text, entropy=1.0)
        for i, text in enumerate([">4", ">4", ">4", ">5", ">6", ">4"])
    ] + [voter.VoteMember(role="ROLE_MOMENTUM", index=i, text=">4", entropy=1.0) for i in range(2)]
    verdict = voter_grpc.VoterServiceStub(voter_channel).Vote(voter.VoteRequest(members=members), timeout=10)

    rollouts = rollout_grpc.RolloutServiceStub(rollout_channel)
    status = rollouts.GetStatus(rollout.GetRolloutStatusRequest(), timeout=10)
    asked = rollout.GenerateRequest(
        prompt_token_ids=[3, 4, 5],
        weight_version=max(status.weight_versions),
        num_rollouts=2,
        seed=1,
        temperature=1.0,
        max_response_tokens=6,
    )
    chunk = rollouts.Generate(asked, timeout=30)

    def refused(stub, request):
        try:
            stub(request, timeout=10)
        except grpc.RpcError as error:
            return [error.code().name, error.details()]
        return None

    print(
        json.dumps(
            {
                "health": health.HealthCheckResponse.ServingStatus.Name(check.status),
                "services": names,
                "label": verdict.pseudo_label,
                "voteShare": verdict.vote_share,
                "advantages": [member.advantage for member in verdict.members],
                "tokens": [list(array.array("i", each.token_ids)) for each in chunk.rollouts],
                "logprobs": [list(array.array("f", each.logprobs)) for each in chunk.rollouts],
                "noSuchVersion": refused(
                    rollouts.Generate,
                    rollout.GenerateRequest(
                        prompt_token_ids=[3], weight_version=10**6, num_rollouts=1, seed=1, temperature=1.0
                    ),
                ),
                "noPrompt": refused(
                    rollouts.Generate,
                    rollout.GenerateRequest(weight_version=max(status.weight_versions), num_rollouts=1),
                ),
                "noMembers": refused(voter_grpc.VoterServiceStub(voter_channel).Vote, voter.VoteRequest()),
            }
        )
    )


main()
