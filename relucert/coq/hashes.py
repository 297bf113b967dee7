"""The sha256 sum of every file of the Coq library; `python -m relucert.coq.hash_library` writes this."""

SHA256 = {
    "Transformer.v": "594ac07f8f2d7fe4000a8116c9d934e9ff1456d812f8f40678ec2602fc4faac6",
    "Packed.v": "38d5e18824ce1811e9754727671e14d2b052ee46b7939b090717eeb426a15efe",
    "Gate.v": "086cdaf5d8c84d66acbd1f5d7c42f1f1a49d4a7996d623582f7153693b5d43f9",
    "Sparse.v": "c1a0f22661d03d6a480c64fc6fef0547fb805082511bfb9089fceeb9a78cedfd",
    "World.v": "6b302f38fe7c5551a675740f5e76e956ddfbb393af3f7d42ab8fb5bf703c0c57",
    "Polynomial.v": "d01d18030cab6cd8975511e388e94406b5b3edfb1399173e9efd9d3f9964313a",
    "Facts.v": "424941c954c899217c752577c418006b7b63bf5720e41ff522fe5e68b653b63b",
    "Shapes.v": "dee6915666842bb5f83dff1aacaa512264fcc0dbe410656f4187ebb72ef9eb1e",
    "Pieces.v": "704abb8f199401d91fb59c4c34ca05b3a21864408a3a6d5962dd527250826d1f",
    "Bounds.v": "6c239e82a94eb75f659f79db114476fc5768cf5c46f91149766cede4dc3d131f",
    "Folds.v": "a00c73d6fa73dacc278c687e7032dcda6ab48d4454238ded408069d0c1ff9019",
    "Translation.v": "4aa6cd2300fdf1cb47438caab486baeb23438e2a98612562f6647db7538de05d",
    "Check.v": "b6da715a4a207eac0ec15eb2207bf4be1da618478dc5a3b601ee44fed75b79e0",
}
